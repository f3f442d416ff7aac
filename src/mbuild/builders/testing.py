"""Testing a built image: what the builders have in common. What a program in an image writes is hostile."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable, Iterator

from mbuild.errors import Problem, Where
from mbuild.events import Emit, LogLine, Step, StepDone
from mbuild.images import ExpectedFile, ImageTest
from mbuild.values import dataclass, field

STEP = "test"
LOG_LINES = 20
MOST_BYTES = 1 << 22
"""Of what a test writes, so much is shown; the last lines are always known."""

LONGEST_LINE = 1 << 13
_SHOWN_COMMAND = 120


@dataclass(frozen=True, slots=True)
class Seen:
    """What is at a path of an image. kind: ``file``, ``directory``, ``symlink`` or ``other``."""

    kind: str
    mode: int
    uid: int
    gid: int


def shown(argv: Iterable[str]) -> str:
    """Return a command for people, as a shell would take it, not too long."""
    text = shlex.join(argv)
    return text if len(text) <= _SHOWN_COMMAND else text[: _SHOWN_COMMAND - 1] + "…"


def failed(reason: str, where: Where | None, *hints: str) -> Problem:
    """Return the problem of a test that failed."""
    return Problem(f"the test failed: {reason}", where, hints)


def mismatches(test: ImageTest, found: Iterable[tuple[ExpectedFile, Seen | None]]) -> Iterator[Problem]:
    """Yield a problem for each file that is not what is expected."""
    for expected, seen in found:
        reason = _mismatch(expected, seen)
        if reason:
            yield failed(f"{expected.path} {reason}", test.files_where)


def _mismatch(expected: ExpectedFile, seen: Seen | None) -> str:
    """Return what is wrong with a file, "" where nothing is."""
    if expected.kind == "absent":
        return "is there" if seen else ""
    if seen is None:
        return "is not there"
    if expected.kind not in ("", seen.kind):
        return f"is {_KINDS[seen.kind]}, not {_KINDS[expected.kind]}"
    if expected.mode and int(expected.mode, 8) != seen.mode:
        return f"has the mode {seen.mode:04o}, not {expected.mode}"
    uid, _, gid = expected.owner.partition(":")
    if (uid and int(uid) != seen.uid) or (gid and int(gid) != seen.gid):
        return f"belongs to {seen.uid}:{seen.gid}, not to {expected.owner}"
    return ""


_KINDS = {"file": "a file", "directory": "a directory", "symlink": "a symbolic link", "other": "something special"}


@dataclass(slots=True)
class Output:
    """Makes lines of what a test writes, however much that is and whatever it holds."""

    image: str
    emit: Emit
    last: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    _open: dict[int, bytes] = field(default_factory=dict)
    _taken: int = 0
    _is_full: bool = False

    def feed(self, data: bytes, stream: int = 1) -> None:
        """Take what was written to a stream: lines of two streams do not mix."""
        *lines, rest = (self._open.get(stream, b"") + data).split(b"\n")
        for line in lines:
            self._line(line)
        while len(rest) > LONGEST_LINE:
            self._line(rest[:LONGEST_LINE])
            rest = rest[LONGEST_LINE:]
        self._open[stream] = rest

    def close(self) -> tuple[str, ...]:
        """Take last lines that were not ended, and return the last lines of all."""
        for rest in self._open.values():
            if rest:
                self._line(rest)
        self._open.clear()
        return tuple(self.last)

    def _line(self, raw: bytes) -> None:
        for start in range(0, max(1, len(raw)), LONGEST_LINE):
            text = raw[start : start + LONGEST_LINE].rstrip(b"\r").decode("utf-8", "replace")
            self.last.append(text)
            self._taken += len(text) + 1
            self._show(text)

    def _show(self, text: str) -> None:
        if self._taken <= MOST_BYTES:
            self.emit(LogLine(self.image, STEP, text))
        elif not self._is_full:
            self._is_full = True
            self.emit(LogLine(self.image, STEP, f"(what is written beyond {MOST_BYTES >> 20} MiB is not shown)"))


def begun(image: str, test: ImageTest, emit: Emit) -> None:
    """Tell that a test begins, in the way steps of a Dockerfile are told of."""
    what = shown(test.command) if test.command else "files"
    emit(Step(image, STEP, f"[test 1/1] {what}"))


def ended(image: str, emit: Emit, problems: Iterable[Problem]) -> None:
    """Tell that it ended."""
    emit(StepDone(image, STEP, error=next((each.message for each in problems), "")))
