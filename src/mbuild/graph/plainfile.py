"""Dockerfiles of plain lines: their stages, and what these take from each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mbuild.dockerfile.directives import DirectiveError, Directives
from mbuild.dockerfile.flags import value
from mbuild.dockerfile.gotext import MAX_LINE, SPACE
from mbuild.dockerfile.instructions import Command
from mbuild.dockerfile.lines import Lines
from mbuild.dockerfile.model import Dockerfile
from mbuild.dockerfile.older import is_odd_above
from mbuild.dockerfile.stages import stage_number
from mbuild.dockerfile.syntax import syntax_doubts
from mbuild.dockerfile.variables import expand_word, is_plain
from mbuild.graph.plainline import BEGINS, LEXER, TAKES, Line, NotPlain
from mbuild.platforms import parse_platform
from mbuild.references import NameProblem, parse_reference
from mbuild.values import dataclass, field, replace

OUTSIDE = -1
"""In the place of the number of a stage: it is none of this Dockerfile."""

Step = tuple[Line, int, int, int]
"""A line of a stage, the number of its first line and its column, and the stage that it takes files from."""


@dataclass(slots=True)
class Stage:
    """A stage.

    base, platform: as FROM names them, variables expanded. start: the number of the stage that it starts from.
    line, col:      where FROM stands.
    """

    base: str
    platform: str
    name: str
    start: int
    line: int
    col: int
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A Dockerfile of plain lines that BuildKit takes as far as can be said without its arguments.

    stages:  in order. names: the number of the last stage of each name.
    open:    variables decide what some stage starts from, or for which platform: that is still to be found out.
    shared:  the ARGs before the first FROM; declares: there are ARGs at all.
    syntax:  the frontend that the file asks for.
    """

    stages: Sequence[Stage]
    names: Mapping[str, int]
    shared: Sequence[Command]
    declares: bool
    syntax: str | None
    open: bool


def plain_file(data: bytes, line_of: Callable[[str], Line | None]) -> PlainFile | None:
    """Return the stages of a Dockerfile, None where it is not plain. line_of: ``plain_line``."""
    # What begins otherwise has a mark, a directive behind blanks, or is no Dockerfile; heredocs are rare.
    if len(data) > MAX_LINE or not data[:1].strip() or data[:2] == b"#!" or b"\0" in data or not data.isascii():
        return None
    text = data.decode("ascii")
    try:
        syntax = _syntax(text)
        if syntax and syntax_doubts(Dockerfile("", (), syntax=syntax), {}):
            return None
        return _file(text, syntax, line_of)
    except (NotPlain, DirectiveError, NameProblem):
        return None


def _syntax(text: str) -> str | None:
    """Return the frontend that a file asks for in its first line. Raises NotPlain and DirectiveError."""
    directives = Directives()
    frontend = None
    for line in text.split("\n", 3):
        found = directives.read(line.removesuffix("\r"))
        if found is None:
            if frontend and "=" in line and not line[:1].strip():
                raise NotPlain  # a directive behind blanks is one to some of BuildKit's readers
            return frontend
        if found[0] != "syntax":
            raise NotPlain
        frontend = found[1].partition(" ")[0]
    return frontend


def _file(text: str, syntax: str | None, line_of: Callable[[str], Line | None]) -> PlainFile:
    """Return the stages. Raises NotPlain and NameProblem."""
    stages: list[Stage] = []
    names: dict[str, int] = {}
    shared: list[Command] = []
    declares = False
    for logical, first, col in _logical(text):
        line = line_of(logical)
        if line is None:
            raise NotPlain
        command = line.command
        declares |= command is not None and command.keyword == "ARG"
        if line.does == BEGINS:
            assert command is not None
            stages.append(Stage(line.word, value(command.flags, "platform"), line.name, OUTSIDE, first, col))
            if line.name:
                names[line.name] = len(stages) - 1
        elif stages:
            stages[-1].steps.append((line, first, col, OUTSIDE))
        elif command is not None and command.keyword == "ARG":
            shared.append(command)
        else:
            raise NotPlain
    if not stages or (shared and is_odd_above(shared)):
        raise NotPlain
    for number, stage in enumerate(stages):
        _link(stage, number, names)
    is_open = any(stage.platform or not is_plain(stage.base) for stage in stages)
    if not is_open:
        _start(stages)
    return PlainFile(stages, names, shared, declares, syntax, is_open)


def _start(stages: Iterable[Stage]) -> None:
    """Find the stages that stages start from. Raises NameProblem."""
    names: dict[str, int] = {}
    for number, stage in enumerate(stages):
        stage.start = names.get(stage.base, OUTSIDE)
        if stage.start == OUTSIDE:
            parse_reference(stage.base)
        if stage.name:
            names[stage.name] = number


def closed(file: PlainFile, shared: Mapping[str, str], native_arch: str) -> PlainFile:
    """Return an open Dockerfile with the variables of FROM expanded. Raises NotPlain, Refused and NameProblem.

    shared: what FROM sees. native_arch: where ``--platform=linux`` is built.
    """
    stages = [replace(each, base=expand_word(LEXER, each.base, shared)) for each in file.stages]
    for stage in stages:
        platform = expand_word(LEXER, stage.platform, shared)
        if stage.platform and not platform:
            raise NotPlain
        if platform:
            stage.platform = "/".join([part for part in parse_platform(platform, native_arch) if part])
    _start(stages)
    return replace(file, stages=stages, open=False)


def _logical(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the logical lines with the number of their first line and the column of their first character."""
    if "\\" in text or "\r" in text:
        lines = Lines(text)
        while (found := lines.logical("\\")) is not None:
            yield found.text, found.first, found.col
        return
    # Nothing goes on in the next line.
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.lstrip(SPACE)
        if line and line[0] != "#":
            yield line, number, len(raw) - len(line) + 1


def _link(stage: Stage, number: int, names: Mapping[str, int]) -> None:
    """Find the stages that a stage takes files from. Raises NotPlain and NameProblem."""
    for at, (line, first, col, _) in enumerate(stage.steps):
        if line.does != TAKES:
            continue
        origin = line.word
        given = stage_number(origin)
        source = names.get(origin.lower(), OUTSIDE) if given is None else given
        if source >= number or (given is not None and given < 0):
            raise NotPlain  # it comes later, or there is none of that number
        if source == OUTSIDE:
            parse_reference(origin)
        stage.steps[at] = (line, first, col, source)


def needed(file: PlainFile, target: int) -> Sequence[int]:
    """Return the numbers of the stages that one needs, in order."""
    found: set[int] = set()
    waiting = [target]
    while waiting:
        number = waiting.pop()
        if number in found or number == OUTSIDE:
            continue
        found.add(number)
        stage = file.stages[number]
        waiting.append(stage.start)
        waiting.extend([source for *_, source in stage.steps])
    return sorted(found)
