"""Python's work in several new processes: each knows only what it is given."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mbuild.errors import EnvironmentFault
from mbuild.process.copies import end_with

T = TypeVar("T")
R = TypeVar("R")


def spread(work: Callable[[T], R], parts: Sequence[T]) -> list[R]:
    """Do Python's work in a new process for each part, all at once, and return what they return, in that order.

    work: a function of a module; it, the parts and what is returned are pickled. Whatever ends this call ends them too:
    what one of them raises, which is raised here. Raises EnvironmentFault where one of them dies. (The library's
    executor may wait for the others when one dies while they start.)
    """
    import multiprocessing
    from multiprocessing.connection import wait

    context = multiprocessing.get_context("spawn")
    waiting: dict[Any, int] = {}
    children, done = [], dict[int, R]()
    try:
        for number, part in enumerate(parts):
            reader, writer = context.Pipe(duplex=False)
            children.append(context.Process(target=_child, args=(work, part, writer, os.getpid()), daemon=True))
            children[-1].start()
            writer.close()
            waiting[reader] = number
        while waiting:
            for ready in wait(list(waiting)):
                done[waiting.pop(ready)] = _received(ready)
    finally:
        for each in children:
            each.terminate()
            each.join()
    return [done[number] for number in range(len(parts))]


def _child(work: Callable[[Any], Any], part: Any, writer: Any, waits: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the process that waits
    if sys.platform == "linux":
        end_with(waits)
    try:
        writer.send((work(part), None))
    except BaseException as error:  # noqa: BLE001 - raised by the one that waits
        writer.send((None, error))


def _received(reader: Any) -> Any:
    try:
        found, error = reader.recv()
    except EOFError as ended:
        raise EnvironmentFault("a process of mbuild was killed", "is there enough memory?") from ended
    if error is not None:
        raise error
    return found
