"""How work on many images is done: all at once, or parts of them at the same time (``process.share``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

R = TypeVar("R")


class Share(Protocol):
    """Has work done on names, or on parts of them in order, and returns what it makes of each part.

    fewest: so many names are worth a copy of the process. pieces: so many parts are made for each copy.
    dump, load: make bytes of a result, and a result of the bytes.
    """

    def __call__(
        self,
        work: Callable[[Sequence[str]], R],
        items: Sequence[str],
        fewest: int,
        dump: Callable[[R], bytes],
        load: Callable[[bytes], R],
        pieces: int = 1,
    ) -> Sequence[R]:
        """Do it. Raises what work raises."""
        ...


def alone(
    work: Callable[[Sequence[str]], R],
    items: Sequence[str],
    fewest: int,  # noqa: ARG001 - as the others have it
    dump: Callable[[R], bytes],  # noqa: ARG001
    load: Callable[[bytes], R],  # noqa: ARG001
    pieces: int = 1,  # noqa: ARG001
) -> Sequence[R]:
    """Have work done on all names at once."""
    return (work(items),)
