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
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
) -> list[R]:
    """Return what work makes of the items: of all of them, or of parts of them in order, done at the same time.

    work:   must not change anything but memory, nor need what it has changed there.
    fewest: so many items are worth a copy, which takes some 10 ms.
    dump, load: make bytes of a result, and a result of the bytes.
    Raises what work raises.
    """
    parts = _parts(items, min(processors(), len(items) // fewest))
    copies: list[_Copy] = []
    try:
        # This process only waits where others work: what they needed for it is gone with them.
        with contextlib.suppress(_NoCopy):
            copies.extend(_Copy(lambda part=part: dump(work(part))) for part in parts if len(parts) > 1)  # type: ignore[misc]
        begun, until = time.monotonic(), time.monotonic() + MOST_SECONDS
        found = []
        for part, copy in itertools.zip_longest(parts, copies):
            done = copy.result(until) if copy else None
            if done is not None:
                until = time.monotonic() * 3 - begun * 2 + PATIENCE
            found.append(work(part) if done is None else load(done))
        return found
    finally:
        for copy in copies:
            copy.end()


@contextlib.contextmanager
def aside(
    work: Callable[[], R], dump: Callable[[R], bytes], load: Callable[[bytes], R], *, worth: bool
) -> Iterator[Callable[[], R]]:
    """Begin work in a copy of this process, and give what returns its result: to be called when this process needs it.

    The parameters are as for ``share``; worth: whether it is worth a copy. What is given raises what work raises.
    """
    copy = None
    with contextlib.suppress(_NoCopy):
        copy = _Copy(lambda: dump(work())) if worth and processors() > 1 else None

    def result() -> R:
        done = copy.result(time.monotonic() + MOST_SECONDS) if copy else None
        return work() if done is None else load(done)

    try:
        yield result
    finally:
        if copy:
            copy.end()


def processors() -> int:
    """Return how many processes can share work, this one included."""
    return min(MOST, len(os.sched_getaffinity(0))) if sys.platform == "linux" else 1


def _parts(items: Sequence[T], count: int) -> list[Sequence[T]]:
    cuts = [len(items) * number // count for number in range(1, count)]
    return [items[begin:end] for begin, end in itertools.pairwise((0, *cuts, len(items)))]


class _NoCopy(Exception):  # noqa: N818 - a signal: this process has to do it
    pass


class _Copy:
    """A copy of this process at work."""

    def __init__(self, work: Callable[[], bytes]) -> None:
        """Make it. Raises _NoCopy."""
        self._reader, writer = os.pipe()
        waits = os.getpid()
        with io.FileIO(writer, "w") as pipe:
            try:
                self._process = _forked()
            except BaseException:
                os.close(self._reader)
                raise
            if self._process == 0:
                _be_copy(work, pipe, waits)

    def result(self, until: float) -> bytes | None:
        """Return what the copy has made; None where it failed, or has not ended at a time (``time.monotonic``)."""
        found: list[bytes] = []
        while select.select([self._reader], [], [], max(0.0, until - time.monotonic()))[0]:
            found.append(os.read(self._reader, _CHUNK))
            if not found[-1]:
                return b"".join(found) if self._ended() == 0 else None
        return None

    def _ended(self) -> int:
        process, self._process = self._process, 0
        return os.waitpid(process, 0)[1]

    def end(self) -> None:
        """See that nothing is left of it."""
        os.close(self._reader)
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._ended()


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


def _be_copy(work: Callable[[], bytes], pipe: io.FileIO, waits: int) -> None:
    """Do the work and end: what this process would do at its end is for the one that was copied."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the process that waits
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        _end_with(waits)
        data = memoryview(work())
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
