"""Work on many threads: what it returns, what it raises, and that an interrupt waits for none of it."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from mbuild.process.atonce import at_once


def test_what_it_returns_is_in_the_order_of_the_parts() -> None:
    def slower(part: int) -> int:
        time.sleep(0.02 if part < 3 else 0)
        return part * 2

    assert at_once(slower, range(10), 4) == [each * 2 for each in range(10)]
    assert at_once(slower, [], 4) == []


def test_no_more_threads_than_asked_for_and_none_left() -> None:
    before = threading.active_count()

    def alive(part: int) -> int:
        time.sleep(part / 1000)
        return threading.active_count()

    assert max(at_once(alive, range(20), 3)) - before <= 3
    assert threading.active_count() == before


def test_what_fails_is_raised_and_nothing_more_is_begun() -> None:
    begun: list[int] = []
    together = threading.Barrier(2)

    def work(part: int) -> None:
        begun.append(part)
        together.wait(10)
        raise ValueError(part)

    with pytest.raises(ValueError, match="0"):
        at_once(work, range(100), 2)
    assert sorted(begun) == [0, 1]


def test_an_interrupt_waits_for_nothing_and_nothing_more_is_begun() -> None:
    begun: list[int] = []
    silent = threading.Event()

    def work(part: int) -> None:
        begun.append(part)
        silent.wait(20)

    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
    since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        at_once(work, range(100), 2)
    assert time.monotonic() - since < 10
    silent.set()
    assert sorted(begun) == [0, 1]
