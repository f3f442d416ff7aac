"""Objects by id: small ones through one long-lived ``git cat-file``, big ones streamed by their own process."""

from __future__ import annotations

import contextlib
import fcntl
import io
import itertools
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, cast

from mbuild.errors import GitError
from mbuild.git.door import Git, release
from mbuild.git.messages import MissingObject, missing
from mbuild.process import Process, feed

WHOLE = 1 << 20
"""Blobs up to this many bytes are read whole; bigger ones are streamed."""

# What is asked together is answered together, which takes a third of the time; git 2.36 and later can do that.
_TOGETHER = ("cat-file", "--batch-command", "--buffer")
_ONE_BY_ONE = ("cat-file", "--batch")

_AHEAD = 900
_IN_ADVANCE = 400
"""Sizes that are asked for while as many answers, a short line each, wait."""

_LONGEST_ID = 64
_LEAST_ROOM = 4096
"""Bytes that a pipe holds where the system does not say (Linux: pipe(7), "Pipe capacity")."""


Bring = Callable[[Sequence[str], MissingObject], None]
"""Gets those of some objects that are not there, or raises the error."""


def _cannot(oids: Sequence[str], error: MissingObject) -> None:  # noqa: ARG001 - as Bring has it
    raise error


class _TooOld(Exception):  # noqa: N818 - a signal: this git does not answer together
    pass


class Objects:
    """Reads objects of one repository. Safe to use from several threads: one asks at a time."""

    def __init__(self, git: Git, bring: Bring = _cannot) -> None:
        """Take the door to the repository, and what to do about missing objects; nothing is started yet."""
        self._git = git
        self._bring = bring
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._child: Process | None = None
        self._how: tuple[str, ...] = _TOGETHER
        self._finalizer: weakref.finalize[[Process], Objects] | None = None

    def read(self, oid: str, path: str = "") -> bytes:
        """Return the content of an object. Raises GitError naming it (and ``path``) when it is not in this clone."""
        return self.read_many([oid], path)[0]

    def read_many(self, oids: Sequence[str], path: str = "") -> list[bytes]:
        """Return the contents of several objects; asked for ahead, so that git never waits for us."""
        self._be_own()
        found: list[bytes] = []
        while len(found) < len(oids):
            some = oids[len(found) : len(found) + _AHEAD]
            try:
                with self._lock:
                    found += self._ask(some, path)
            except MissingObject as error:
                self._bring(oids, error)
                with self._lock:
                    found += self._ask(some, path)
        return found

    def _be_own(self) -> None:
        """See that a copy of the process (``process.share``) uses nothing of it, and that fetching is left to it."""
        if self._owner != os.getpid():
            if self._finalizer is not None:
                self._finalizer.detach()
            self._child = self._finalizer = None
            self._bring = _cannot
            self._owner = os.getpid()

    def _ask(self, oids: Sequence[str], path: str) -> list[bytes]:
        """Return the contents of the first of some objects, or of all."""
        try:
            with self._asked():
                # Together, git reads all that is asked before it answers; one by one, it may wait for us meanwhile.
                some = oids if self._how is _TOGETHER else oids[: self._fitting("")]
                self._put("contents", some)
                return [self._content(oid, path) for oid in some]
        except _TooOld:
            self._how = _ONE_BY_ONE
            return self._ask(oids, path)

    def _fitting(self, question: str) -> int:
        """Return how many requests the pipe to git holds: with more, both sides may wait for each other.

        It holds 64 KiB on Linux, but 8 where all processes of a user have very many pipes (pipe(7)).
        """
        child = self._child or self._start()
        return max(1, _room(child.stdin.fileno()) // (len(question) + _LONGEST_ID + 2))

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()  # answers may be left in the pipe: never read them as those of the next question
            raise

    def _put(self, question: str, oids: Sequence[str]) -> None:
        child = self._child or self._start()
        lines = [f"{question} {oid}\n" for oid in oids] if self._how is _TOGETHER else [f"{oid}\n" for oid in oids]
        text = "".join([*lines, "flush\n"] if self._how is _TOGETHER else lines)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(text.encode())
            child.stdin.flush()

    def _content(self, oid: str, path: str) -> bytes:
        size = self._size(oid, path)
        content = self._running.stdout.read(size + 1)
        if len(content) != size + 1:
            raise self._has_ended(oid, path)
        return content[:-1]

    def _some_sizes(self, oids: Sequence[str]) -> list[int]:
        """Return the sizes that git says of some objects, a line each: ``ID TYPE SIZE``."""
        line = self._running.stdout.readline
        lines = [line() for _ in oids]
        words = b"".join(lines).split()
        if len(words) == 3 * len(lines):
            return [int(each) for each in words[2::3]]
        # Something is missing, or git has ended: line by line it is found out what.
        return [self._size_in(each, oid, "") for each, oid in zip(lines, oids, strict=True)]

    def _size(self, oid: str, path: str) -> int:
        return self._size_in(self._running.stdout.readline(), oid, path)

    def _size_in(self, line: bytes, oid: str, path: str) -> int:
        header = line.split()
        if len(header) == 3:
            return int(header[2])
        if header[1:] == [b"missing"]:
            raise missing(oid, path)
        if header:
            raise GitError(f"git cat-file answered in a way mbuild does not know: {header!r}")
        raise self._has_ended(oid, path)

    def _has_ended(self, oid: str, path: str) -> Exception:
        """Return the error for a git that ended: in a partial clone its answer to an object it may not fetch."""
        said = self._running.said()
        if self._how is _TOGETHER and b"batch-command" in said:
            return _TooOld()
        return missing(oid, path) if not said or oid.encode() in said else self._git.failed(said, "cat-file")

    @property
    def _running(self) -> Process:
        assert self._child is not None
        return self._child

    def _start(self) -> Process:
        self._child = self._git.start(*self._how, stdin=True)
        self._finalizer = weakref.finalize(self, release, self._child)
        return self._child

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._finalizer is not None:
            self._finalizer()
        self._child = self._finalizer = None

    def sizes(self, oids: Sequence[str]) -> list[int]:
        """Return the sizes of objects in bytes. Raises GitError at one that is not in this clone."""
        self._be_own()
        found: list[int] = []
        while len(found) < len(oids):
            try:
                with self._lock:
                    self._find_sizes(oids[len(found) :], found)
            except MissingObject as error:
                self._bring(oids[len(found) :], error)
        return found

    def _find_sizes(self, oids: Sequence[str], found: list[int]) -> None:
        """Add sizes, of all objects or of the first ones."""
        if self._how is _ONE_BY_ONE:
            found += self._checked(oids)
            return
        try:
            with self._asked():
                most = min(_IN_ADVANCE, self._fitting("info"))
                parts = [oids[start : start + most] for start in range(0, len(oids), most)]
                for part, following in itertools.pairwise([(), *parts, ()]):
                    if following:
                        self._put("info", following)  # git looks for these while the answers before are read
                    found.extend(self._some_sizes(part))
        except _TooOld:
            self._how = _ONE_BY_ONE

    def _checked(self, oids: Sequence[str]) -> Iterator[int]:
        child = self._git.start("cat-file", "--buffer", "--batch-check=%(objectsize)", stdin=True)
        writer = feed(child, "".join([f"{oid}\n" for oid in oids]).encode())
        try:
            lines = child.stdout.read().splitlines()
        finally:
            child.stdout.close()
            writer.join()
            release(child)
        for oid, line in itertools.zip_longest(oids, lines, fillvalue=b""):
            if not line.isdigit():
                raise missing(str(oid))
            yield int(line)

    def open(self, oid: str, size: int, path: str = "") -> BinaryIO:
        """Open an object for reading; a big one (``size`` bytes) is streamed in bounded memory."""
        if size < 0:
            size = self.sizes([oid])[0]
        if size <= WHOLE:
            return io.BytesIO(self.read(oid, path))
        stream = io.BufferedReader(_Streamed(self._git.start("cat-file", "blob", oid), oid, size, path), WHOLE)
        return cast("BinaryIO", stream)


def _room(pipe: int) -> int:
    """Return how many bytes a pipe holds."""
    try:
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):
        return _LEAST_ROOM  # this system does not say


class _Streamed(io.RawIOBase):
    """A blob as it comes out of git. Ending early is an error, never a short read."""

    def __init__(self, child: Process, oid: str, size: int, path: str) -> None:
        super().__init__()
        self._child, self._oid, self._left, self._path = child, oid, size, path
        self._finalizer = weakref.finalize(self, release, child)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._child.stdout.read(min(len(buffer), self._left)) if self._left else b""
        self._left -= len(data)
        if not data and self._left:
            raise missing(self._oid, self._path)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._finalizer()
        super().close()
