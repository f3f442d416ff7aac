"""What SIGTERM does: the children end too. Each has a session of its own, which the system would leave alone.

Builds and audits have handlers of their own meanwhile, which end what they have started in order. Everything else is
left where it stands, as the system does by default, and that is what the exit code says.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
import weakref

GRACE_SECONDS = 0.5
"""How long children may take to end by themselves: git takes its lock files away."""

_children: dict[int, weakref.ref[subprocess.Popen[bytes]]] = {}
_numbers = itertools.count()


def watch(child: subprocess.Popen[bytes]) -> None:
    """End a child with this process, unless it has ended before."""
    number = next(_numbers)
    _children[number] = weakref.ref(child, lambda _: _children.pop(number, None))


def be_ready() -> None:
    """Take care of SIGTERM from now on, unless somebody else does. Only the main thread of a process may say that."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end_all)


def tell_group(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a child and all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _end_all(number: int, frame: object) -> None:  # noqa: ARG001 - as handlers are called
    """End all children, then this process. It may hold any lock: none is taken here."""
    signal.signal(number, signal.SIG_IGN)  # this does not take long
    told = _alive()
    for each in told:
        tell_group(each, signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    while any(each.poll() is None for each in told) and time.monotonic() < until:
        time.sleep(0.01)
    for each in (*told, *_alive()):  # threads go on meanwhile, and may have started others
        tell_group(each, signal.SIGKILL)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _alive() -> list[subprocess.Popen[bytes]]:
    """Return the children that have not been waited for: their numbers are not those of others by now."""
    found = (each() for each in list(_children.values()))
    return [each for each in found if each is not None and each.returncode is None]


os.register_at_fork(after_in_child=_children.clear)  # those of the process that a copy was made of are not its own
