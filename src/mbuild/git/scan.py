"""What git prints of every file, of which only a few lines matter: for 200,000 files 20 MB, taken piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mbuild.git.door import Git, release
from mbuild.git.messages import failure
from mbuild.process import Process
from mbuild.process.gate import waiting

T = TypeVar("T")

_CHUNK = 1 << 20


def scan(
    git: Git,
    arguments: tuple[str, ...],
    find: Callable[[bytes], Iterable[T]],
    *,
    index: bool = True,
    setting: str = "",
) -> Iterator[T]:
    """Yield what is found in what git prints of its files: in many at a time, a NUL before and behind each.

    index: as in ``Git.start``. setting: NAME=VALUE that git's configuration has for this.
    Raises GitError when git fails.
    """
    child = git.start(*(("-c", setting) if setting else ()), *arguments, index=index)
    try:
        rest = b"\0"
        while chunk := _read(child):
            whole, _, rest = (rest + chunk).rpartition(b"\0")
            yield from find(whole + b"\0")
            rest = b"\0" + rest
        if child.wait() != 0:
            raise failure(child.said(), git.top, arguments[0])
    finally:
        release(child)


def _read(child: Process) -> bytes:
    with waiting():
        return child.stdout.read(_CHUNK)
