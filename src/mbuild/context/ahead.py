"""Reading ahead: one thread fills buffers while another checks and writes those that are full."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator

from mbuild.context.verify import Piece
from mbuild.values import dataclass

BUFFER = 1 << 19
"""The size of a buffer, in bytes. Of smaller ones the threads wait for each other too often, bigger are not faster."""
BUFFERS = 4
"""One is filled, one is emptied, and the others even out what is fast for one thread and slow for the other."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A full buffer.

    data:   what is in it, until the next one is asked for.
    pieces: what of that is content that has yet to be checked.
    inside: whether it ends in the middle of something, which goes on in the next one.
    """

    data: memoryview
    pieces: list[Piece]
    inside: bool


class _Stopped(Exception):  # noqa: N818 - a signal: nobody wants any more
    pass


_Free = queue.SimpleQueue[memoryview | None]
_Full = queue.SimpleQueue[tuple[Filled, memoryview] | BaseException | None]


class Buffer:
    """Gathers small pieces in buffers of ``BUFFER`` bytes, which are handed over when they are full."""

    def __init__(self, free: _Free, full: _Full) -> None:
        """Take where empty buffers come from, and where full ones go to."""
        self._free = free
        self._full = full
        self._left = BUFFERS
        self._view = self._take()
        self._pieces: list[Piece] = []
        self._at = 0
        self._ended = 0

    def put(self, data: bytes) -> None:
        """Copy bytes, as many as there are."""
        start = 0
        while start < len(data):
            room = self.room()
            part = data[start : start + len(room)]
            room[: len(part)] = part
            self._at += len(part)
            start += len(part)

    def claim(self, size: int) -> memoryview | None:
        """Return room for ``size`` bytes or more, None when there never is. ``took`` says what is used of it."""
        if size > BUFFER:
            return None
        if self._at + size > BUFFER:
            self.flush()
        return self._view[self._at :]

    def room(self) -> memoryview:
        """Return what is free, at least one byte."""
        if self._at == BUFFER:
            self.flush()
        return self._view[self._at :]

    def took(self, count: int) -> None:
        """Count bytes that were put where ``claim`` or ``room`` said."""
        self._at += count

    def unchecked(self, piece: Piece) -> None:
        """Have content of this buffer checked before it is written."""
        self._pieces.append(piece)

    def ended(self) -> None:
        """Say that nothing of what is here goes on in the next buffer."""
        self._ended = self._at

    def flush(self) -> None:
        """Hand over what is here, and go on with an empty buffer."""
        if self._at:
            found = Filled(self._view[: self._at], self._pieces, inside=self._ended != self._at)
            self._full.put((found, self._view))
            self._view, self._pieces, self._at, self._ended = self._take(), [], 0, 0

    def _take(self) -> memoryview:
        # What fits into one needs no other: most contexts are small, and to make four takes as long as to fill one.
        if self._left and self._free.empty():
            self._left -= 1
            return memoryview(bytearray(BUFFER))
        view = self._free.get()
        if view is None:
            raise _Stopped
        return view


@contextlib.contextmanager
def ahead(fill: Callable[[Buffer], None]) -> Iterator[Iterator[Filled]]:
    """Have a thread call ``fill``; gives what that has put into its buffer, one full buffer after the other.

    What ``fill`` raises comes out of the iterator, after all that was full before; what was not full yet is dropped.
    The thread has ended when the context ends, however it ends: it waits for nothing but files.
    """
    free, full = _Free(), _Full()
    thread = threading.Thread(target=_fill, args=(fill, free, full), name="reading ahead", daemon=True)
    try:
        thread.start()
        yield _each(free, full)
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                free.get_nowait()
        free.put(None)
        thread.join()


def _fill(fill: Callable[[Buffer], None], free: _Free, full: _Full) -> None:
    try:
        buffer = Buffer(free, full)
        fill(buffer)
        buffer.flush()
        full.put(None)
    except BaseException as error:  # noqa: BLE001 - handed to the thread that writes
        full.put(error)


def _each(free: _Free, full: _Full) -> Iterator[Filled]:
    while (found := full.get()) is not None:
        if isinstance(found, BaseException):
            raise found
        filled, view = found
        yield filled
        free.put(view)
