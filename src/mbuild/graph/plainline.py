"""Plain lines of a Dockerfile: those that mean the same wherever they stand, or need no more than variables for that.

What a line says is found out by what reads every Dockerfile (``dockerfile.parser``, ``instructions``, ``operations``),
once for all Dockerfiles of a repository: they have many lines in common.
"""

from __future__ import annotations

from mbuild.dockerfile.expand import Lexer
from mbuild.dockerfile.flags import Flags, value
from mbuild.dockerfile.instructions import Command, check
from mbuild.dockerfile.model import Operation, Read
from mbuild.dockerfile.older import is_odd, is_odd_start
from mbuild.dockerfile.operations import Scope
from mbuild.dockerfile.parser import parse_line
from mbuild.dockerfile.reads import reads_of
from mbuild.dockerfile.stages import SCRATCH
from mbuild.dockerfile.variables import is_plain
from mbuild.errors import Where
from mbuild.expressions import expression
from mbuild.graph import fingerprint
from mbuild.references import NameProblem, parse_reference
from mbuild.values import dataclass

FIXED, ENTERS, EXPANDS, TAKES, BEGINS = range(5)
"""What a line does: always the same; that, as WORKDIR; what variables say; COPY --from; FROM."""

NOWHERE = Where("")
LEXER = Lexer("\\")
_ANY_COPY = Command("COPY", (), (), False, (), NOWHERE)

# Most lines that only one Dockerfile has: words that can be nothing but paths, none of them a flag or a URL.
_COPY = expression(r"COPY(?: [A-Za-z0-9_./*?][A-Za-z0-9_./*?-]*){2,}")
_AS_WRITTEN = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK", "MAINTAINER", "RUN", "SHELL"))


class NotPlain(Exception):  # noqa: N818 - a signal: the Dockerfile is to be read in full
    """A Dockerfile is not plain."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a plain line says. Places in it are NOWHERE.

    does:      FIXED and so on.
    command:   EXPANDS, TAKES, BEGINS: as ``instructions.check`` returns it.
    operation: TAKES: what it does, where that needs no variables.
    encoded:   FIXED, ENTERS: its operation as the fingerprint has it.
    read:      what it takes from the build's context, or None.
    word:      BEGINS: the base; TAKES: the word of ``--from``; ENTERS: the path.
    name:      BEGINS: what the stage is called. The base and the platform of FROM may hold variables.
    """

    does: int
    command: Command | None = None
    operation: Operation | None = None
    encoded: bytes = b""
    read: Read | None = None
    word: str = ""
    name: str = ""


def plain_line(text: str) -> Line | None:
    """Return what a logical line says that holds nothing but ASCII; None where it is not plain, or wrong."""
    if _COPY.fullmatch(text):
        return _copy(text)
    if "<<" in text:
        return None
    try:
        return _line(check(parse_line(text, NOWHERE)))
    except (ValueError, NameProblem):
        return None


def _copy(text: str) -> Line:
    words = tuple(text.split(" ")[1:])
    operation = Operation("COPY", words, (), False, (), NOWHERE)
    return Line(FIXED, encoded=fingerprint.written(operation), read=_read(_ANY_COPY, operation))


def _read(command: Command, operation: Operation) -> Read | None:
    found = reads_of(command, operation, (), ())
    return found[0] if found else None


def _line(command: Command) -> Line | None:
    """Return what a command says. Raises Refused and NameProblem."""
    keyword, flags = command.keyword, command.flags
    if keyword == "FROM":
        return _from(command)
    origin = value(flags, "from")
    if keyword == "ONBUILD" or _is_rare(flags) or origin == SCRATCH or (keyword == "ARG" and is_odd(command)):
        return None
    words = (*command.words, *(text for _, text in flags))
    exact = keyword in _AS_WRITTEN or (keyword not in ("ARG", "ENV") and all(map(is_plain, words)))
    operation = _operation(command) if exact else None
    if origin:
        return Line(TAKES, command, operation, word=origin)
    if operation is None:
        return Line(EXPANDS, command)
    encoded = fingerprint.written(operation)
    if keyword == "WORKDIR":
        return Line(ENTERS, encoded=encoded, word=operation.args[0])
    return Line(FIXED, encoded=encoded, read=_read(command, operation))


def _is_rare(flags: Flags) -> bool:
    """Whether these are flags of RUN that take files, or that only some frontends know."""
    return any(name in ("mount", "device") for name, _ in flags)


def _from(command: Command) -> Line | None:
    base, name = command.words
    if name == SCRATCH or is_odd_start(command):
        return None
    if name:
        parse_reference(name)
    return Line(BEGINS, command, word=base, name=name)


def _operation(command: Command) -> Operation:
    """Return what a command does that needs no variables. Raises Refused."""
    (found,) = Scope(LEXER, {}, {}, None).run(command)
    return found
