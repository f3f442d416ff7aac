"""Objects by id: small ones through one long-lived ``git cat-file``, big ones streamed by their own process."""

from __future__ import annotations

import contextlib
import io
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

# Requests written ahead of the answers must fit into the pipe, or both sides wait for each other: 64 KiB on Linux.
_AHEAD = 900


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
        for start in range(0, len(oids), _AHEAD):
            some = oids[start : start + _AHEAD]
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
        child = self._child or self._start()
        try:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(self._question(oids))
                child.stdin.flush()
            return [self._answer(child, oid, path) for oid in oids]
        except _TooOld:
            self.close()
            self._how = _ONE_BY_ONE
            return self._ask(oids, path)
        except BaseException:
            self.close()  # answers may be left in the pipe: never read them as those of the next question
            raise

    def _question(self, oids: Sequence[str]) -> bytes:
        if self._how is _ONE_BY_ONE:
            return "".join(f"{oid}\n" for oid in oids).encode()
        return "".join([*(f"contents {oid}\n" for oid in oids), "flush\n"]).encode()

    def _answer(self, child: Process, oid: str, path: str) -> bytes:
        header = child.stdout.readline().split()
        if len(header) == 3:
            size = int(header[2])
            content = child.stdout.read(size + 1)
            if len(content) == size + 1:
                return content[:-1]
        elif header[1:] == [b"missing"]:
            raise missing(oid, path)
        elif header:
            raise GitError(f"git cat-file answered in a way mbuild does not know: {header!r}")
        # It ended: in a partial clone that is git's answer to an object it may not fetch.
        said = child.stderr.read()
        if self._how is _TOGETHER and b"batch-command" in said:
            raise _TooOld
        raise missing(oid, path) if not said or oid.encode() in said else self._git.failed(said, "cat-file")

    def _start(self) -> Process:
        self._child = self._git.start(*self._how, stdin=True)
        self._finalizer = weakref.finalize(self, release, self._child)
        return self._child

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._finalizer is not None:
            self._finalizer()
        self._child = self._finalizer = None

    def sizes(self, oids: Sequence[str]) -> Iterator[int]:
        """Yield the sizes of objects in bytes, in order. Raises GitError at one that is not in this clone."""
        if not oids:
            return
        self._be_own()
        child = self._git.start("cat-file", "--buffer", "--batch-check=%(objectsize)", stdin=True)
        writer = feed(child, "".join(f"{oid}\n" for oid in oids).encode())
        try:
            for index, oid in enumerate(oids):
                line = child.stdout.readline().strip()
                if not line.isdigit():
                    self._bring(oids[index:], missing(oid))
                    yield from self.sizes(oids[index:])
                    return
                yield int(line)
        finally:
            child.stdout.close()
            writer.join()
            release(child)

    def open(self, oid: str, size: int, path: str = "") -> BinaryIO:
        """Open an object for reading; a big one (``size`` bytes) is streamed in bounded memory."""
        if size < 0:
            size = next(self.sizes([oid]))
        if size <= WHOLE:
            return io.BytesIO(self.read(oid, path))
        stream = io.BufferedReader(_Streamed(self._git.start("cat-file", "blob", oid), oid, size, path), WHOLE)
        return cast("BinaryIO", stream)


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
