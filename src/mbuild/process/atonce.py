"""Waiting for many answers at once, on threads that nobody has to wait for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

POLL_SECONDS = 0.1
"""A bounded wait keeps the main thread open to signals, whichever thread the system gives them to."""


def at_once(work: Callable[[T], R], parts: Sequence[T], most: int) -> list[R]:
    """Do work for each part, on so many threads at most, and return what it returns, in that order.

    Raises what it raises, for the first part if for several; then nothing more is begun. The same holds for what
    interrupts this call, and that does not wait for what is under way: a request that hangs in a socket cannot be ended
    but by the end of this process. (The library's executor waits for its threads, and so does a process that has one.)
    """
    left = deque(enumerate(parts))
    done: dict[int, R] = {}
    broken: dict[int, BaseException] = {}

    def run() -> None:
        while left:
            try:
                number, part = left.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                done[number] = work(part)
            except BaseException as error:  # noqa: BLE001 - raised by the one that waits
                broken[number] = error
                left.clear()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(most, len(parts)))]
    try:
        for each in threads:
            each.start()
        for each in threads:
            while each.is_alive():
                each.join(POLL_SECONDS)
    finally:
        left.clear()
    if broken:
        raise broken[min(broken)]
    return [done[number] for number in range(len(parts))]
