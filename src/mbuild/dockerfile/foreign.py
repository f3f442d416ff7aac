"""The names in a Dockerfile that another frontend than Docker's reads: whatever may be an image is one that is used.

Which stages such a frontend makes, and from what, is not known here, so nothing is left out that a stage starts from or
takes files from, whether the target needs it or not. What is no Dockerfile's language has no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mbuild.dockerfile.expand import Lexer
from mbuild.dockerfile.model import Dockerfile, Instruction, Reference
from mbuild.dockerfile.refused import Refused
from mbuild.dockerfile.stages import SCRATCH
from mbuild.dockerfile.variables import expand_word

_ORIGIN = re.compile(r"""(?:^--|,|=)["']?from=["']?([^"',]+)""", re.IGNORECASE)
"""``from`` as a flag of COPY, and in a mount of RUN."""
_NAMED = 3
"""Words of ``FROM x AS name``."""


def references(file: Dockerfile, args: Mapping[str, str]) -> Iterator[Reference]:
    """Yield what FROM, ``--from`` and mounts name that is no stage. args: those of the build, and predefined ones."""
    lexer, values = Lexer(file.escape), dict(args)
    stages = {SCRATCH}
    for each in _instructions(file):
        if each.keyword == "ARG":
            for word in each.args:
                name, equals, default = word.partition("=")
                if equals:
                    values.setdefault(name, _expanded(lexer, default, values))
        for word, kind in _names(each):
            name = _expanded(lexer, word, values)
            if name.lower() not in stages:
                yield Reference(name, kind, each.where)
        if each.keyword == "FROM" and len(each.args) == _NAMED:
            stages.add(each.args[2].lower())


def _instructions(file: Dockerfile) -> Iterator[Instruction]:
    for each in file.instructions:
        yield each.inner or each


def _names(each: Instruction) -> Iterator[tuple[str, str]]:
    """Yield the words that name something, and how."""
    if each.keyword == "FROM":
        yield from ((word, "from") for word in each.args[:1])
    kind = "mount" if each.keyword == "RUN" else "copy"
    yield from ((word, kind) for flag in each.flags for word in _ORIGIN.findall(flag))


def _expanded(lexer: Lexer, word: str, values: Mapping[str, str]) -> str:
    """Return a word with its variables, as it is written where they cannot be expanded."""
    try:
        return expand_word(lexer, word, values)
    except Refused:
        return word
