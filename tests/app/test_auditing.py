"""Stopping an audit. What one finds is in ``tests/cli/test_audit.py``."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from mbuild.app.auditing import _apart
from mbuild.app.running import stopped_by_signals
from mbuild.builders.protocol import Cancel


@pytest.mark.timeout(60)
def test_a_signal_may_come_while_its_thread_holds_the_lock() -> None:
    cancel = Cancel()
    with _apart(cancel.cancel) as interrupt, stopped_by_signals(interrupt) as caught:
        with cancel._lock:
            os.kill(os.getpid(), signal.SIGINT)
            assert not cancel
        assert cancel.wait(30)
    assert caught == [signal.SIGINT]


def test_nothing_is_done_where_nobody_asks() -> None:
    done = threading.Event()
    before = set(threading.enumerate())
    with _apart(done.set):
        (waits,) = set(threading.enumerate()) - before
    waits.join(30)
    assert not done.is_set()
