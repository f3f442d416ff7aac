"""Which stages of a Dockerfile are what it is for: those that no other stage of it needs. Pure.

As far as the text says: a name with variables means every stage that it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mbuild.dockerfile.model import Dockerfile, Instruction
from mbuild.dockerfile.stages import stage_number
from mbuild.errors import Where
from mbuild.values import dataclass

_ORIGIN = re.compile(r'[-,="]from=([^,"]+)')
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\})")


@dataclass(frozen=True, slots=True)
class Ends:
    """The stages with a name that no other one needs, each with its place.

    last: the name of the last stage, "" for none. open: whether no other one needs that.
    """

    named: tuple[tuple[str, Where], ...] = ()
    last: str = ""
    open: bool = True


def ends(file: Dockerfile) -> Ends:
    """Return the stages that nothing in a Dockerfile needs, which has no mistake."""
    starts = [each for each in file.instructions if each.keyword == "FROM"]
    names = [each.args[2].lower() if len(each.args) > 1 else "" for each in starts]
    if len(starts) == 1:
        return Ends(((names[0], starts[0].where),) if names[0] else (), names[0])
    used = set(_used(file, names))
    last = len(starts) - 1
    at = {name: number for number, name in enumerate(names) if name}
    named = tuple((name, starts[number].where) for name, number in at.items() if number not in used)
    return Ends(named, names[last], last not in used)


def _used(file: Dockerfile, names: list[str]) -> Iterator[int]:
    """Yield the numbers of the stages that other stages need."""
    number = -1
    for each in file.instructions:
        if each.keyword == "FROM":
            number += 1
            yield from _meant(each.args[0], names[:number])
        for origin in _origins(each):
            at = stage_number(origin)
            yield from _meant(origin.lower(), names) if at is None else (at,)


def _origins(instruction: Instruction) -> Iterator[str]:
    """Yield what COPY and the mounts of RUN take files from, also where they stand behind ONBUILD."""
    for each in (instruction, instruction.inner):
        for flag in each.flags if each else ():
            yield from _ORIGIN.findall(flag)


def _meant(written: str, names: list[str]) -> Iterator[int]:
    """Yield the numbers of the stages that a name may mean."""
    if "$" not in written:
        yield from (number for number, name in enumerate(names) if name == written)
        return
    fits = re.compile(".*".join(re.escape(each) for each in _VARIABLE.split(written)))
    yield from (number for number, name in enumerate(names) if name and fits.fullmatch(name))
