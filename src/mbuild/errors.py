"""The errors a user can meet, with the exit code each one ends in.

An error carries *all* the problems found, so that one run reports everything. A problem is one line, says where it is
when there is a place, and gives hints a reader can act on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, TypeVar

from mbuild.values import dataclass

T = TypeVar("T")


def printable(text: str) -> str:
    """Return text from outside as one line that is safe to print: control characters and stray bytes are escaped."""
    try:
        whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, as JSON and Java's properties can spell it
        whole = text.encode("utf-8", "backslashreplace").decode()
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in whole)


def and_more(left: int) -> str:
    """Return what a shortened list ends with: how many of it are left out."""
    return f"and {left:,} more"


def listed(found: Sequence[T], most: int, shown: Callable[[T], str] = str) -> str:
    """Return a list on one line, its first few spelled out: ``a, b and 3 more``."""
    text = ", ".join(shown(each) for each in found[:most])
    return f"{text} {and_more(len(found) - most)}" if len(found) > most else text


HIDDEN = "***"
"""What stands in place of a secret."""


def without_credentials(text: str) -> str:
    """Return text with names and passwords in URLs hidden: ``https://***@host/x``. The user ``git`` of ssh stays.

    A password that was not encoded as RFC 3986 wants it (``#`` or ``/`` in it) is hidden too, up to the ``@``.
    """
    if "://" not in text or "@" not in text:
        return text
    import re

    # What follows a colon is a password unless it is a port. A name alone is often a token where it goes by HTTP. In
    # docker-image://NAME:TAG@DIGEST and oci-layout:// there is neither.
    begins, name = r"(?<![a-z0-9+.-])((?!docker-|oci-)[a-z][a-z0-9+.-]*://)", r"[^\s/?#@:'\"]"
    for found in (rf"{begins}{name}*:(?!\d*(?:[/?#\s'\"]|$))[^\s'\"@]*@", rf"(?<![a-z0-9+.-])(https?://){name}+@"):
        text = re.sub(found, rf"\1{HIDDEN}@", text, flags=re.IGNORECASE)
    return text


class ExitCode(IntEnum):
    """The process exit codes of the contract (``docs/reference.md``)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    GIT = 3
    ENVIRONMENT = 4
    LOCKED = 5
    POLICY = 6
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a text file: ``file`` as shown to the user, ``line`` and ``col`` counted from 1, 0 when unknown."""

    file: str
    line: int = 0
    col: int = 0

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.col:
                parts.append(str(self.col))
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a single line, a place if there is one, and what to do about it.

    Problems are printed, and kept in records: no credentials of a URL get into one.
    """

    message: str
    where: Where | None = None
    hints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", without_credentials(self.message))
        object.__setattr__(self, "hints", tuple(without_credentials(each) for each in self.hints))

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


@dataclass(frozen=True, slots=True)
class Broken(Problem):
    """Why a Dockerfile that nothing states is no image: BuildKit refuses it. ``where`` is in it."""


@dataclass(frozen=True, slots=True)
class Remark(Problem):
    """A note on an image that is one nevertheless."""


class MbuildError(Exception):
    """Base of every error that a user can cause or meet; never shown with a traceback."""

    exit_code = ExitCode.FAILED

    def __init__(self, problem: str | Problem | Iterable[Problem], *hints: str, where: Where | None = None) -> None:
        """Take one message (with hints and a place), or problems that are ready made."""
        if isinstance(problem, str):
            problem = Problem(problem, where, hints)
        self.problems: tuple[Problem, ...] = (problem,) if isinstance(problem, Problem) else tuple(problem)
        super().__init__("\n".join(str(each) for each in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the problems where an error comes from another process."""
        return _remade, (type(self), self.problems, self.__dict__)


def _remade(kind: type[MbuildError], problems: tuple[Problem, ...], state: dict[str, Any]) -> MbuildError:
    error = kind.__new__(kind)
    MbuildError.__init__(error, problems)
    error.__dict__.update(state)
    return error


class UsageError(MbuildError):
    """A wrong flag, argument or name on the command line."""

    exit_code = ExitCode.USAGE


class ConfigError(MbuildError):
    """A build.yaml that cannot be used."""

    exit_code = ExitCode.USAGE


class DockerfileError(MbuildError):
    """A Dockerfile or ignore file that cannot be used."""

    exit_code = ExitCode.USAGE


class GitError(MbuildError):
    """Git failed, or there is no base that can be trusted."""

    exit_code = ExitCode.GIT


class EnvironmentFault(MbuildError):  # noqa: N818 - EnvironmentError is a builtin
    """The machine lacks something: a builder, a daemon, disk space."""

    exit_code = ExitCode.ENVIRONMENT


class ChangedWhileRead(EnvironmentFault):
    """A file is not what it was when the tree was made, so what was read must not be used. path: from the git root."""

    def __init__(self, path: str) -> None:
        """Take the path."""
        super().__init__(
            f"{printable(path)} changed while mbuild was reading it", "run again when nothing writes there"
        )
        self.path = path


class LockedError(MbuildError):
    """Another mbuild works in the same place."""

    exit_code = ExitCode.LOCKED


class BuildFailedError(MbuildError):
    """A build, test or push failed."""

    exit_code = ExitCode.FAILED
