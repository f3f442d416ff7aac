"""Work shared with copies of this process: a copy knows all that this process knows, so only results are handed over.

Copies are made by fork(2). That is safe where every other thread only waits for something (``waiting``): a copy has no
other threads, and would find what they had locked locked for ever. Where one does anything else, where there is one
processor, and where the system is not Linux, this process does everything itself. It also does what a copy has failed
to do, for whatever reason: a copy makes nothing but speed.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from mbuild.process.copies import CHUNK, HEAD, Copies, Result

T = TypeVar("T")
R = TypeVar("R")

MOST = 4
"""Processes that share work: each needs memory, and a git of its own."""


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
    with _numbers(len(parts)) as numbers, Copies() as copies:
        copies.begin(lambda: _done(lambda number: dump(work(parts[number])), numbers), count - along)
        found: dict[int, R] = {}

        def take(results: Iterator[Result]) -> None:
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
        copies, room = stack.enter_context(Copies()), None
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


def _leave(room: io.FileIO, make: Callable[[], bytes]) -> Iterator[Result]:
    """Write what is made into a file, its length in the end: what is cut has none. Say so: to end takes a while."""
    data = memoryview(make())
    room.seek(HEAD.size)
    for start in range(0, len(data), CHUNK):
        room.write(data[start : start + CHUNK])
    os.pwrite(room.fileno(), HEAD.pack(1, len(data)), 0)
    yield 0, None


def _left(room: io.FileIO) -> bytes | None:
    """Return what was written into a file, None where that was not all. Several processes may ask at once."""
    head = os.pread(room.fileno(), HEAD.size, 0)
    return os.pread(room.fileno(), HEAD.unpack(head)[1], HEAD.size) if len(head) == HEAD.size and head[0] else None


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


def _done(work: Callable[[int], bytes], numbers: Iterator[int]) -> Iterator[Result]:
    for number in numbers:
        try:
            found = work(number)
        except Exception:  # noqa: BLE001 - what it is shows where it is done again
            yield number, None
        else:
            yield number, found
