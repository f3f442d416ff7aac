"""Threads that only wait for another process or thread: while they do, this process can be copied (``share``)."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator


class _Gate:
    """Which threads wait. None begins or stops to while its lock is held."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0

    def change(self, by: int) -> None:
        with self.lock:
            self.waiting += by


_gate = _Gate()


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Say that what this thread does meanwhile takes no lock that anybody else may need, and changes nothing shared."""
    _gate.change(1)
    try:
        yield
    finally:
        _gate.change(-1)


@contextlib.contextmanager
def only_waiting() -> Iterator[bool]:
    """Tell whether every other thread waits. As long as this is not left, none of them stops waiting."""
    with _gate.lock:
        yield threading.active_count() - 1 == _gate.waiting


def _forget() -> None:
    """In a copy no other thread is there, and the lock is that of the thread which has copied."""
    _gate.lock, _gate.waiting = threading.Lock(), 0


os.register_at_fork(after_in_child=_forget)
