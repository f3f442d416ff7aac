"""Work that is begun in a thread, while something else is done, or done when it turns out to be needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from mbuild.process.ending import be_ready
from mbuild.process.gate import waiting

T = TypeVar("T")


class Begun(Generic[T]):
    """What a function returns or raises, which is called in a thread of its own. A process that ends does not wait."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Call it."""
        be_ready()  # a thread cannot be, and may be the first that starts a child
        self._work = work
        self._done: list[T | BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._done.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again by ``result``, in the thread that asks
            self._done.append(error)

    @property
    def ended(self) -> bool:
        """Whether there is something to return or to raise."""
        return bool(self._done)

    def wait(self) -> None:
        """Wait until it has ended, in whatever way."""
        with waiting():
            self._thread.join()

    def result(self) -> T:
        """Wait for it and return what it has returned. Raises what it has raised."""
        self.wait()
        found = self._done[0]
        if isinstance(found, BaseException):
            raise found
        return found


class Later(Generic[T]):
    """What a function returns or raises, which is called when that is asked for, if ever. One thread may ask."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Take the function."""
        self._work = work
        self._done: list[T] = []

    def wait(self) -> None:
        """Do nothing: there is nothing to wait for."""

    def result(self) -> T:
        """Return what it returns; it is called once. Raises what it raises."""
        if not self._done:
            self._done.append(self._work())
        return self._done[0]
