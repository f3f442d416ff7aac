"""Copies of this process that work, and say what they have made through a pipe. Made by fork(2): see ``share``."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import os
import select
import signal
import struct
import time
from collections.abc import Callable, Iterator

from mbuild.process.gate import only_waiting

MOST_SECONDS = 600.0
"""How long a copy may take where nothing is known of others: none should, and none may hold up an answer for ever."""

TRIES = 30
"""How often it is looked, a millisecond after the other, whether all other threads wait."""

PATIENCE = 2.0
"""Seconds that a copy may take beyond three times what another part took."""

CHUNK = 1 << 20

Result = tuple[int, bytes | None]
"""What a copy says of a part: its number, and what it has made of it, None where that went wrong."""

HEAD = struct.Struct("=Iq")
"""The number, and how many bytes follow; -1 for None."""


class _NoCopy(Exception):  # noqa: N818 - a signal: this process has to do it
    pass


class Copies:
    """Copies of this process at work. Nothing is left of them behind the ``with``."""

    def __init__(self) -> None:
        """Make none yet."""
        self._copies: list[_Copy] = []
        self._begun = time.monotonic()
        self._until = self._begun + MOST_SECONDS

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, *_: object) -> None:
        for copy in self._copies:
            copy.end()

    def begin(self, work: Callable[[], Iterator[Result]], count: int) -> None:
        """Begin work in so many copies, or in as many as can be made."""
        with contextlib.suppress(_NoCopy):
            for _ in range(count):
                self._copies.append(_Copy(work))

    def wait(self) -> None:
        """Wait until copies have said something, have ended or taken too long. Other copies may wait for them too."""
        for copy in self._copies:
            select.select([copy.pipe], [], [], MOST_SECONDS)

    def come(self, seconds: float = 0.0) -> Iterator[Result]:
        """Yield what the copies have made and said within so many seconds; nothing of one that ended in the middle."""
        reading = {copy.pipe: copy for copy in self._copies if copy.ended is None}
        for pipe in select.select([*reading], [], [], seconds)[0]:
            yield from reading[pipe].read()
            if reading[pipe].ended == 0:
                self.hurry()

    def results(self) -> Iterator[Result]:
        """Yield all that the copies make, as it comes; nothing of one that takes too long."""
        while any(copy.ended is None for copy in self._copies) and (left := self._until - time.monotonic()) > 0:
            yield from self.come(left)

    def hurry(self) -> None:
        """Note that one has done its work: it is known now how long that takes."""
        self._until = time.monotonic() * 3 - self._begun * 2 + PATIENCE


class _Copy:
    """A copy of this process at work. pipe: what it says comes from there. ended: its status, None before."""

    def __init__(self, work: Callable[[], Iterator[Result]]) -> None:
        """Make it. Raises _NoCopy."""
        self.pipe, writer = os.pipe()
        with contextlib.suppress(OSError):  # it waits where this process does something else, and its pipe is full
            fcntl.fcntl(self.pipe, fcntl.F_SETPIPE_SZ, CHUNK)
        self.ended: int | None = None
        self._read = bytearray()
        waits = os.getpid()
        with io.FileIO(writer, "w") as pipe:
            try:
                self._process = _forked()
            except BaseException:
                os.close(self.pipe)
                raise
            if self._process == 0:
                _be_copy(work, pipe, waits)

    def read(self) -> Iterator[Result]:
        """Yield what has come by now; there must be something, or the end."""
        found = os.read(self.pipe, CHUNK)
        if not found:
            process, self._process = self._process, 0
            self.ended = os.waitpid(process, 0)[1]
        self._read += found
        while len(self._read) >= HEAD.size:
            number, length = HEAD.unpack_from(self._read)
            end = HEAD.size + max(length, 0)
            if len(self._read) < end:
                return
            raw = bytes(self._read[HEAD.size : end])
            del self._read[:end]
            yield number, None if length < 0 else raw

    def end(self) -> None:
        """See that nothing is left of it."""
        os.close(self.pipe)
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _forked() -> int:
    """Return the number of a copy, or 0 in that, where the signals are not let through yet. Raises _NoCopy."""
    import ctypes  # noqa: F401 - here once, and not in every copy, all of which need it: 2.5 ms

    # A copy that is interrupted before it ignores that would go on as if it were this process.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    process, tries = -1, TRIES
    try:
        while process < 0 and tries:
            with only_waiting() as alone:
                process = os.fork() if alone else -1
            if process < 0:
                time.sleep(0.001)  # what others do may be short
                tries -= 1
    except OSError:
        pass  # no room for another process
    finally:
        if process:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if process < 0:
        raise _NoCopy
    return process


def _be_copy(work: Callable[[], Iterator[Result]], pipe: io.FileIO, waits: int) -> None:
    """Do the work and end: what this process would do at its end is for the one that was copied."""
    gc.disable()  # it ends soon, and what it makes is kept until then
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the process that waits
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        end_with(waits)
        for number, found in work():
            head = HEAD.pack(number, -1 if found is None else len(found))
            data = memoryview(head + (found or b""))
            while data:
                data = data[pipe.write(data) :]
        code = 0
    finally:
        # What went wrong goes wrong again in the process that waits, which says it.
        os._exit(code)


def end_with(process: int) -> None:
    """See that the kernel kills this process when the one that has started it ends, however that ends: prctl(2)."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != process:  # it has ended before it was said
        os._exit(1)


_PR_SET_PDEATHSIG = 1
