"""What each instruction must look like before anything is expanded.

Rules: BuildKit `frontend/dockerfile/instructions/parse.go`. `check` turns an `Instruction` (words) into a `Command`
(the same words, known to be well formed and brought into one spelling), or raises Refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mbuild.dockerfile.expand import ExpansionError
from mbuild.dockerfile.flags import Flags, parse_flags, values
from mbuild.dockerfile.gotext import number
from mbuild.dockerfile.heredoc import chomp, parse_heredoc
from mbuild.dockerfile.model import Heredoc, Instruction
from mbuild.dockerfile.mounts import origin_of
from mbuild.dockerfile.refused import Refused, near
from mbuild.dockerfile.values import check_duration
from mbuild.errors import Where
from mbuild.values import dataclass, replace

_STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*")
_ONBUILD = re.compile(r"\s*ONBUILD\s*", re.IGNORECASE)
_EXEC_FORMS = ("RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK")


@dataclass(frozen=True, slots=True)
class Command:
    """A well formed instruction.

    args:  FROM: base, name of the stage in lower case or "". ARG: name and default (None: none) by turns. ENV, LABEL:
           name, value, "=" by turns. COPY, ADD: sources that are no heredocs, then the destination. EXPOSE: sorted.
           HEALTHCHECK: NONE, or CMD and the command. ONBUILD: the trigger's text. Others: as written.
    json:  only where it has a meaning: RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK.
    origins: of each `--mount` of RUN its `from`, "" for none.
    """

    keyword: str
    args: tuple[str | None, ...]
    flags: Flags
    json: bool
    heredocs: tuple[Heredoc, ...]
    where: Where
    origins: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments that are there."""
        return tuple([each for each in self.args if each is not None])


def check(instruction: Instruction) -> Command:
    """Return the checked form of an instruction. Raises Refused."""
    try:
        checked = _CHECKS[instruction.keyword]
    except KeyError:
        raise Refused(f"unknown instruction: {instruction.keyword}", *near(instruction.keyword, _CHECKS)) from None
    return checked(instruction)


def _command(
    instruction: Instruction,
    *args: str | None,
    flags: Flags | None = None,
    heredocs: tuple[Heredoc, ...] = (),
    origins: tuple[str, ...] = (),
) -> Command:
    keyword = instruction.keyword
    if flags is None:
        flags = parse_flags(keyword, instruction.flags)
    json = instruction.json and keyword in _EXEC_FORMS
    return Command(keyword, args, flags, json, heredocs, instruction.where, origins)


def _at_least_one(instruction: Instruction) -> None:
    if not instruction.args:
        raise Refused(f"{instruction.keyword} needs at least one argument")


def _one(instruction: Instruction) -> Command:
    if len(instruction.args) != 1:
        raise Refused(f"{instruction.keyword} needs exactly one argument")
    return _command(instruction, *instruction.args)


def _pairs(instruction: Instruction) -> Command:
    _at_least_one(instruction)
    names = instruction.args[0::3]
    if not all(names):
        raise Refused(f"{instruction.keyword} needs names that are not blank")
    return _command(
        instruction, *(word for pair in zip(names, instruction.args[1::3], strict=True) for word in (*pair, "="))
    )


def _arg(instruction: Instruction) -> Command:
    _at_least_one(instruction)
    args: list[str | None] = []
    for word in instruction.args:
        name, equals, default = word.partition("=")
        if equals and not name:
            raise Refused("ARG needs names that are not blank")
        args += [name, default if equals else None]
    return _command(instruction, *args, flags=())


def _from(instruction: Instruction) -> Command:
    args = instruction.args
    name = ""
    if len(args) == 3 and args[1].lower() == "as":
        name = args[2].lower()
        if not _STAGE_NAME.fullmatch(name):
            raise Refused(
                f"'{args[2]}' cannot be the name of a stage", "it starts with a letter; then letters, digits, and . _ -"
            )
    elif len(args) != 1:
        raise Refused("FROM takes an image, or: image AS name")
    return _command(instruction, args[0], name)


def _copy(instruction: Instruction) -> Command:
    if len(instruction.args) < 2:
        raise Refused(f"{instruction.keyword} needs a source and a destination")
    *sources, destination = instruction.args
    if _announced(destination):
        raise Refused(f"{instruction.keyword} cannot have a heredoc as its destination")
    contents = {each.name: each.content for each in instruction.heredocs}
    paths, documents = [], []
    for word in sources:
        announced = _announced(word)
        if announced is None:
            paths.append(word)
        else:
            content = contents.get(announced.name, "")
            content = chomp(content) if announced.chomp else content
            documents.append(Heredoc(announced.name, content, announced.expand))
    return _command(instruction, *paths, destination, heredocs=tuple(documents))


def _announced(word: str) -> Heredoc | None:
    if "<<" not in word:
        return None
    try:
        return parse_heredoc(word)
    except ExpansionError:
        return None


def _run(instruction: Instruction) -> Command:
    flags = parse_flags("RUN", instruction.flags)
    for text in values(flags, "network"):
        if text not in ("none", "host"):
            raise Refused(f"unknown network mode '{text}'", "it is default, none or host")
    for text in values(flags, "security"):
        if text != "insecure":
            raise Refused(f"unknown security mode '{text}'", "it is sandbox or insecure")
    origins = tuple(origin_of(text) for text in values(flags, "mount"))
    return _command(instruction, *instruction.args, flags=flags, heredocs=instruction.heredocs, origins=origins)


def _free(instruction: Instruction) -> Command:
    return _command(instruction, *instruction.args, heredocs=instruction.heredocs)


def _shell(instruction: Instruction) -> Command:
    _at_least_one(instruction)
    if not instruction.json:
        raise Refused('SHELL needs a JSON array such as ["/bin/bash", "-c"]')
    return _command(instruction, *instruction.args)


def _healthcheck(instruction: Instruction) -> Command:
    _at_least_one(instruction)
    kind, *rest = instruction.args
    kind = kind.upper()
    if kind == "NONE":
        if rest:
            raise Refused("HEALTHCHECK NONE takes no arguments")
        return replace(_command(instruction, kind, flags=()), json=False)
    flags = parse_flags("HEALTHCHECK", instruction.flags)
    if kind != "CMD":
        raise Refused(f"unknown HEALTHCHECK type '{instruction.args[0]}'", "it is CMD or NONE")
    if not rest:
        raise Refused("HEALTHCHECK CMD needs a command")
    for name, text in flags:
        if name == "retries":
            _check_retries(text)
        else:
            check_duration(name, text)
    return _command(instruction, kind, *rest, flags=flags)


def _check_retries(text: str) -> None:
    if text and (not re.fullmatch(r"\+?[0-9]+", text) or number(text) >= 1 << 31):
        raise Refused(f"--retries is a number, not '{text}'")


def _expose(instruction: Instruction) -> Command:
    _at_least_one(instruction)
    return _command(instruction, *sorted(instruction.args))


def _volume(instruction: Instruction) -> Command:
    _at_least_one(instruction)
    volumes = [word.strip() for word in instruction.args]
    if not all(volumes):
        raise Refused("VOLUME cannot be an empty word")
    return _command(instruction, *volumes)


def _stopsignal(instruction: Instruction) -> Command:
    if len(instruction.args) != 1:
        raise Refused("STOPSIGNAL needs exactly one argument")
    return _command(instruction, *instruction.args, flags=())


def _onbuild(instruction: Instruction) -> Command:
    inner = instruction.inner
    if inner is None:
        raise Refused("ONBUILD needs at least one argument")
    parse_flags("ONBUILD", instruction.flags)
    if inner.keyword in ("ONBUILD", "MAINTAINER", "FROM"):
        raise Refused(f"{inner.keyword} cannot be an ONBUILD trigger")
    text = _ONBUILD.sub("", instruction.original, count=1)
    bodies = "".join(f"\n{each.content}{each.name}" for each in instruction.heredocs or inner.heredocs)
    return _command(instruction, text + bodies, flags=())


_CHECKS: dict[str, Callable[[Instruction], Command]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _free,
    "COPY": _copy,
    "ENTRYPOINT": _free,
    "ENV": _pairs,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _one,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _one,
    "VOLUME": _volume,
    "WORKDIR": _one,
}
