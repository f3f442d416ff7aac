"""From instructions to stages: which stage is which, what each one uses, and which ones a target reaches.

Rules: BuildKit `frontend/dockerfile/instructions/parse.go` (`Parse`) and `dockerfile2llb/convert.go`
(`buildDispatchStates`, `toCommand`, `validateCircularDependency`, `allReachableStages`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from mbuild.dockerfile.expand import ExpansionError, Lexer
from mbuild.dockerfile.flags import value
from mbuild.dockerfile.gotext import number
from mbuild.dockerfile.instructions import Command, check
from mbuild.dockerfile.model import Instruction
from mbuild.dockerfile.refused import Problems, Refused, near
from mbuild.dockerfile.variables import expand_word
from mbuild.errors import Where
from mbuild.platforms import parse_platform
from mbuild.references import NameProblem, parse_reference
from mbuild.values import dataclass, field

SCRATCH = "scratch"
_MOST = 1 << 63
_INDEX = re.compile(r"[+-]?[0-9]+")


@dataclass(slots=True)
class Step:
    """A command of a stage and the nodes it takes files from: one for COPY --from, one for each mount of RUN."""

    command: Command
    uses: tuple[Node, ...] = ()
    from_onbuild: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """A stage, or a name outside of the Dockerfile that COPY --from or a mount uses (then it has no steps).

    number:   position among the stages, in the order of the file; -1 for an outside name.
    base:     the name in FROM after expansion; base_stage: the stage of that name, if there is one.
    platform: of `FROM --platform`, "" without.
    """

    base: str
    where: Where
    number: int = -1
    name: str = ""
    platform: str = ""
    kind: str = "from"
    base_stage: Node | None = None
    steps: list[Step] = field(default_factory=list)
    triggers_added: bool = False

    @property
    def outside(self) -> bool:
        """Whether this is no stage of the Dockerfile."""
        return self.number < 0

    @property
    def uses(self) -> list[Node]:
        """The nodes its steps take files from."""
        return [node for step in self.steps for node in step.uses]

    @property
    def label(self) -> str:
        """How to name it in a message."""
        return self.name or (f"number {self.number}" if self.number >= 0 else self.base)


@dataclass(slots=True)
class Sections:
    """The checked commands: ARG before the first FROM, then each FROM with what follows it."""

    global_args: list[Command]
    stages: list[tuple[Command, list[Command]]]


def sections(instructions: Iterable[Instruction], problems: Problems) -> Sections:
    """Check every instruction and group them by stage. Problems are noted; what is wrong is left out."""
    found = Sections([], [])
    began = False
    for instruction in instructions:
        if instruction.keyword == "FROM":
            began = True
        try:
            command = check(instruction)
            if command.keyword == "FROM":
                found.stages.append((command, []))
            elif found.stages:
                found.stages[-1][1].append(command)
            elif command.keyword == "ARG":
                found.global_args.append(command)
            elif not began:
                raise Refused(f"{command.keyword} stands before the first FROM", "only ARG may")
        except Refused as refused:
            if problems.too_many(instruction.where):
                break
            problems.note(refused, instruction.where)
    return found


class Nodes:
    """The stages of a Dockerfile and the outside names they use, in BuildKit's order."""

    def __init__(self, escape: str, global_args: Mapping[str, str], native_arch: str, problems: Problems) -> None:
        """Start empty; `add_stage` for each stage, then `link`. native_arch: where `--platform=linux` is built."""
        self.all: list[Node] = []
        self._by_name: dict[str, Node] = {}
        self._unset: dict[int, tuple[str, ...]] = {}
        self._lexer = Lexer(escape)
        self._global_args = global_args
        self._native_arch = native_arch
        self._problems = problems

    def add_stage(self, start: Command, commands: Iterable[Command]) -> None:
        """Add the next stage. FROM sees global arguments only; a base that is an earlier stage's name is that stage."""
        base, name = start.words
        node = Node("", start.where, len(self.all), name)
        with self._problems.at(start.where):
            node.base = self._expanded(base)
            self._unset[node.number] = self._without_value(base)
            if not node.base:
                raise Refused(f"the base name of FROM {base} is blank", *self._unset[node.number])
        with self._problems.at(start.where):
            node.platform = self._platform(value(start.flags, "platform"))
        with self._problems.at(start.where):
            _check_context_name(name)
        node.base_stage = self._by_name.get(node.base)
        node.steps = [Step(command) for command in commands]
        self.all.append(node)
        if name:
            self._by_name[name] = node

    def _expanded(self, word: str) -> str:
        return expand_word(self._lexer, word, self._global_args)

    def _without_value(self, word: str) -> tuple[str, ...]:
        found = self._lexer.word(word, self._global_args)
        where = "give it a default in an ARG before the first FROM, or a value in args"
        unset = [f"{name} has no value: {where}" for name in sorted(found.unmatched)]
        return (*unset, *(f"{name} is empty" for name in sorted(found.matched) if not self._global_args.get(name)))

    def _platform(self, written: str) -> str:
        if not written:
            return ""
        text = self._expanded(written)
        if not text:
            raise Refused(f"the platform of FROM --platform={written} is blank", *self._without_value(written))
        try:
            return "/".join(part for part in parse_platform(text, self._native_arch) if part)
        except NameProblem as problem:
            raise Refused(f"FROM --platform={text}: {problem}") from problem

    def link(self) -> None:
        """Find what every step of every stage uses; note wrong `--from`, wrong names and circles."""
        for node in [*self.all]:
            for step in node.steps:
                if step.command.flags or step.command.keyword == "RUN":  # no other one uses anything
                    try:
                        self.connect(step)
                    except Refused as refused:
                        self._problems.note(refused, step.command.where)
        self._check_names()
        self._check_circles()

    def connect(self, step: Step) -> None:
        """Find what one step uses. Raises Refused."""
        command = step.command
        origin = value(command.flags, "from")
        if command.keyword == "COPY" and origin:
            step.uses = (self._copy_from(origin, command.where),)
        elif command.keyword == "RUN":
            # BuildKit takes a mount without `from` for one of `scratch`, which a stage may be called.
            step.uses = tuple(self._named(each or SCRATCH, "mount", command.where) for each in command.origins)

    def _copy_from(self, origin: str, where: Where) -> Node:
        try:
            literal = self._lexer.word(origin, {}).text
        except ExpansionError as error:
            raise Refused(f"COPY --from={origin}: {error}") from error
        if literal != origin:
            raise Refused(
                f"COPY --from={origin}: variables are not expanded here",
                "name a stage: FROM $VARIABLE AS name, then COPY --from=name",
            )
        at = stage_number(origin)
        if at is None:
            return self._named(origin, "copy", where)
        if not 0 <= at < len(self.all):
            raise Refused(f"COPY --from={origin}: there is no stage of that number")
        return self.all[at]

    def _named(self, name: str, kind: str, where: Where) -> Node:
        node = self._by_name.get(name.lower())
        if node is None:
            node = Node(name, where, kind=kind)
            self.all.append(node)
        return node

    def target(self, name: str | None) -> Node:
        """Return the stage to build: the last one, or the last of that name. Raises Refused."""
        if not name:
            return [node for node in self.all if not node.outside][-1]
        node = self._by_name.get(name.lower())
        if node is None:
            known = ", ".join(self._by_name) or "none has a name"
            raise Refused(f"target stage '{name}' could not be found", *near(name, self._by_name), f"stages: {known}")
        return node

    def _check_names(self) -> None:
        for node in self.all:
            if node.base and node.base_stage is None and node.base != SCRATCH:
                try:
                    parse_reference(node.base)
                except NameProblem as problem:
                    hints = (*problem.problems[0].hints, *self._unset.get(node.number, ()))
                    if node.base.lower() in self._by_name:
                        hints = (f"the stage is called '{node.base.lower()}'",)
                    self._problems.add(str(problem), node.where, *hints)

    def _check_circles(self) -> None:
        done: set[Node] = set()
        for node in self.all:
            self._walk(node, done)

    def _walk(self, start: Node, done: set[Node]) -> None:
        """Go depth first through what `start` uses, without recursion: a file may have thousands of stages."""
        path: dict[Node, Iterator[tuple[Step, Node]]] = {}
        waiting = [start]
        while waiting:
            node = waiting[-1]
            if node not in path and node not in done:
                path[node] = iter([(step, used) for step in node.steps for used in step.uses])
            step, used = next(path[node], (None, None)) if node in path else (None, None)
            if step is None or used is None:
                done.add(waiting.pop())
                path.pop(node, None)
            elif used in path:
                message = f"stage {used.label} needs itself, directly or through other stages"
                self._problems.add(message, step.command.where)
            else:
                waiting.append(used)


def stage_number(origin: str) -> int | None:
    """Return the number that `--from` gives, None where it is a name: Go's `strconv.Atoi`, which reads 64 bits."""
    found = number(origin) if _INDEX.fullmatch(origin) else _MOST
    return found if -_MOST <= found < _MOST else None


def _check_context_name(name: str) -> None:
    """BuildKit looks for a named context of the name of every stage (`dockerui/config.go`, `NamedContext`)."""
    if name not in ("", SCRATCH, "context"):
        try:
            parse_reference(name)
        except NameProblem as problem:
            raise Refused(f"'{name}' cannot be the name of a stage: {problem}") from problem


def reachable(target: Node, replaced: Mapping[int, object]) -> list[Node]:
    """Return the nodes a target needs, in the order of the file, outside names last.

    replaced: numbers of stages that a named context replaces: what their steps use does not count.
    """
    found: dict[Node, None] = {}
    waiting = [target]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found[node] = None
        if node.number in replaced:
            continue
        waiting += node.uses
        if node.base_stage is not None:
            waiting.append(node.base_stage)
    return sorted(found, key=lambda each: (each.outside, each.number))
