"""Work shared with copies of this process: a copy knows all that this process knows, so only results are handed over.

Copies are made by fork(2). That is safe where every other thread only waits for something (``waiting``): a copy has no
other threads, and would find what they had locked locked for ever. Where one does anything else, where there is one
processor, and where the system is not Linux, this process does everything itself. It also does what a copy has failed
to do, for whatever reason: a copy makes nothing but speed.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import itertools
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from mbuild.process.gate import only_waiting

T = TypeVar("T")
R = TypeVar("R")

MOST = 4
"""Processes that share work: each needs memory, and a git of its own."""

MOST_SECONDS = 600.0
"""How long a copy may take where nothing is known of others: none should, and none may hold up an answer for ever."""

TRIES = 30
"""How often it is looked, a millisecond after the other, whether all other threads wait."""

PATIENCE = 2.0
"""Seconds that a copy may take beyond three times what another part took."""

_CHUNK = 1 << 20


def share(
    work: Callable[[Sequence[T]], R],
    items: Sequence[T],
    fewest: int,
    dump: Callable[[R], bytes],
    load: Callable[[bytes], R],
    pieces: int = 1,
    *,
    along: bool = False,
) -> list[R]:
    """Return what work makes of the items: of all of them, or of parts of them in order, done at the same time.

    work:   must not change anything but memory, nor need what it has changed there.
    fewest: so many items are worth a copy, which takes some 10 ms.
    dump, load: make bytes of a result, and a result of the bytes.
    pieces: so many parts are made for each copy. Whichever is done takes the next: some parts take longer than others,
            and so do some processors.
    along:  this process is one of those that work, which saves a copy; its memory then holds what that leaves there.
    Raises what work raises.
    """
    count = min(processors(), len(items) // fewest)
    if count < 2:
        return [work(items)]
    parts = _parts(items, count * pieces)
    with _numbers(len(parts)) as numbers, _Copies() as copies:
        copies.begin(lambda: _done(lambda number: dump(work(parts[number])), numbers), count - along)
        found: dict[int, R] = {}

        def take(results: Iterator[_Result]) -> None:
            for number, raw in results:
                # What went wrong goes wrong again here, where it is said; the copies end with that.
                found[number] = work(parts[number]) if raw is None else load(raw)

        if along:
            for number in numbers:
                found[number] = work(parts[number])
                take(copies.come())
            copies.hurry()
        take(copies.results())
    return [found[number] if number in found else work(part) for number, part in enumerate(parts)]


@contextlib.contextmanager
def aside(
    work: Callable[[], R], dump: Callable[[R], bytes], load: Callable[[bytes], R], *, worth: bool
) -> Iterator[Callable[[], R]]:
    """Begin work in a copy of this process, and give what returns its result: to be called when that is needed, by this
    process or by copies that it makes meanwhile.

    The parameters are as for ``share``; worth: whether it is worth a copy. What is given raises what work raises.
    """
    with contextlib.ExitStack() as stack:
        copies, room = stack.enter_context(_Copies()), None
        if worth and processors() > 1 and (room := _room()) is not None:
            stack.enter_context(room)
            copies.begin(partial(_leave, room, lambda: dump(work())), 1)

        def result() -> R:
            copies.wait()
            raw = None if room is None else _left(room)
            return work() if raw is None else load(raw)

        yield result


def _room() -> io.FileIO | None:
    """Return a file in memory, None where there can be none."""
    try:
        return io.FileIO(os.memfd_create("aside"), "r+")
    except OSError:
        return None


def _leave(room: io.FileIO, make: Callable[[], bytes]) -> Iterator[_Result]:
    """Write what is made into a file, its length in the end: what is cut has none. Say so: to end takes a while."""
    data = memoryview(make())
    room.seek(_HEAD.size)
    for start in range(0, len(data), _CHUNK):
        room.write(data[start : start + _CHUNK])
    os.pwrite(room.fileno(), _HEAD.pack(1, len(data)), 0)
    yield 0, None


def _left(room: io.FileIO) -> bytes | None:
    """Return what was written into a file, None where that was not all. Several processes may ask at once."""
    head = os.pread(room.fileno(), _HEAD.size, 0)
    return os.pread(room.fileno(), _HEAD.unpack(head)[1], _HEAD.size) if len(head) == _HEAD.size and head[0] else None


def processors() -> int:
    """Return how many processes can share work, this one included."""
    return min(MOST, len(os.sched_getaffinity(0))) if sys.platform == "linux" else 1


def _parts(items: Sequence[T], count: int) -> list[Sequence[T]]:
    cuts = [len(items) * number // count for number in range(1, count)]
    return [items[begin:end] for begin, end in itertools.pairwise((0, *cuts, len(items)))]


@contextlib.contextmanager
def _numbers(count: int) -> Iterator[Iterator[int]]:
    """Give the numbers below one that fits into a byte. Copies of this process share them: each gets others."""
    reader, writer = os.pipe()
    with io.FileIO(reader) as left:
        with io.FileIO(writer, "w") as pipe:
            pipe.write(bytes(range(count)))
        yield (number for found in iter(lambda: left.read(1), b"") for number in found)


def _done(work: Callable[[int], bytes], numbers: Iterator[int]) -> Iterator[_Result]:
    for number in numbers:
        try:
            found = work(number)
        except Exception:  # noqa: BLE001 - what it is shows where it is done again
            yield number, None
        else:
            yield number, found


_Result = tuple[int, bytes | None]
"""What a copy says of a part: its number, and what it has made of it, None where that went wrong."""

_HEAD = struct.Struct("=Iq")
"""The number, and how many bytes follow; -1 for None."""


class _NoCopy(Exception):  # noqa: N818 - a signal: this process has to do it
    pass


class _Copies:
    """Copies of this process at work. Nothing is left of them behind the ``with``."""

    def __init__(self) -> None:
        """Make none yet."""
        self._copies: list[_Copy] = []
        self._begun = time.monotonic()
        self._until = self._begun + MOST_SECONDS

    def __enter__(self) -> _Copies:
        return self

    def __exit__(self, *_: object) -> None:
        for copy in self._copies:
            copy.end()

    def begin(self, work: Callable[[], Iterator[_Result]], count: int) -> None:
        """Begin work in so many copies, or in as many as can be made."""
        with contextlib.suppress(_NoCopy):
            for _ in range(count):
                self._copies.append(_Copy(work))

    def wait(self) -> None:
        """Wait until copies have said something, have ended or taken too long. Other copies may wait for them too."""
        for copy in self._copies:
            select.select([copy.pipe], [], [], MOST_SECONDS)

    def come(self, seconds: float = 0.0) -> Iterator[_Result]:
        """Yield what the copies have made and said within so many seconds; nothing of one that ended in the middle."""
        reading = {copy.pipe: copy for copy in self._copies if copy.ended is None}
        for pipe in select.select([*reading], [], [], seconds)[0]:
            yield from reading[pipe].read()
            if reading[pipe].ended == 0:
                self.hurry()

    def results(self) -> Iterator[_Result]:
        """Yield all that the copies make, as it comes; nothing of one that takes too long."""
        while any(copy.ended is None for copy in self._copies) and (left := self._until - time.monotonic()) > 0:
            yield from self.come(left)

    def hurry(self) -> None:
        """Note that one has done its work: it is known now how long that takes."""
        self._until = time.monotonic() * 3 - self._begun * 2 + PATIENCE


class _Copy:
    """A copy of this process at work. pipe: what it says comes from there. ended: its status, None before."""

    def __init__(self, work: Callable[[], Iterator[_Result]]) -> None:
        """Make it. Raises _NoCopy."""
        self.pipe, writer = os.pipe()
        with contextlib.suppress(OSError):  # it waits where this process does something else, and its pipe is full
            fcntl.fcntl(self.pipe, fcntl.F_SETPIPE_SZ, _CHUNK)
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

    def read(self) -> Iterator[_Result]:
        """Yield what has come by now; there must be something, or the end."""
        found = os.read(self.pipe, _CHUNK)
        if not found:
            process, self._process = self._process, 0
            self.ended = os.waitpid(process, 0)[1]
        self._read += found
        while len(self._read) >= _HEAD.size:
            number, length = _HEAD.unpack_from(self._read)
            end = _HEAD.size + max(length, 0)
            if len(self._read) < end:
                return
            raw = bytes(self._read[_HEAD.size : end])
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


def _be_copy(work: Callable[[], Iterator[_Result]], pipe: io.FileIO, waits: int) -> None:
    """Do the work and end: what this process would do at its end is for the one that was copied."""
    gc.disable()  # it ends soon, and what it makes is kept until then
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the process that waits
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        _end_with(waits)
        for number, found in work():
            head = _HEAD.pack(number, -1 if found is None else len(found))
            data = memoryview(head + (found or b""))
            while data:
                data = data[pipe.write(data) :]
        code = 0
    finally:
        # What went wrong goes wrong again in the process that waits, which says it.
        os._exit(code)


def _end_with(process: int) -> None:
    """See that the kernel kills this process when the one that has copied it ends, however that ends: prctl(2)."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != process:  # it has ended before it was said
        os._exit(1)


_PR_SET_PDEATHSIG = 1
