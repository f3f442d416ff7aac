"""Waiting for what cannot be interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from mbuild.builders.protocol import Cancel

T = TypeVar("T")

POLL_SECONDS = 0.1


def until_cancelled(work: Callable[[], T], cancel: Cancel | Collection[int], otherwise: T, grace: float = 0.0) -> T:
    """Do blocking work on a thread of its own and return its result; ``otherwise`` when it is cancelled before.

    A request that hangs in a socket cannot be interrupted; the engine stops the build when the connection ends, at the
    latest with this process. cancel: signals that were caught will do as well. grace: seconds that work which is told
    itself has to end well.
    """
    found: list[T] = []
    broken: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            broken.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    since: float | None = None
    while thread.is_alive():
        thread.join(POLL_SECONDS)
        if cancel:
            since = time.monotonic() if since is None else since
            if not thread.is_alive() or time.monotonic() - since >= grace:
                return otherwise
    if broken:
        raise broken[0]
    return found[0]
