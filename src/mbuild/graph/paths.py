"""Paths of a tree, from the git root: which lies in which. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator


def lies_in(folder: str, path: str) -> bool:
    """Tell whether a path is a folder or lies in it; "" is the git root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def joined(*parts: str) -> str:
    """Return paths one below the other as one; "" is the git root."""
    return "/".join(each for each in parts if each)


def inside(folder: str, path: str) -> str:
    """Return a path relative to a folder that it lies in."""
    return path[len(folder) + 1 :] if folder else path


def upward(path: str) -> Iterator[str]:
    """Yield a path and the folders above it, the git root last."""
    yield path
    while path:
        path = path.rpartition("/")[0]
        yield path


def unknown(folder: str, known: Container[str]) -> list[str]:
    """Return a folder and those above it up to the first that is known, the lowest first."""
    found = []
    while folder not in known:
        found.append(folder)
        if not folder:
            break
        folder = folder.rpartition("/")[0]
    return found


class InOrder:
    """Paths in an order in which what lies in a folder stands together."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Take paths from the git root, each once."""
        self._ended = sorted([f"{each}/" for each in paths])

    def inside(self, folder: str) -> Iterator[str]:
        """Yield those that are a folder, not the git root, or lie in it."""
        start = bisect_left(self._ended, f"{folder}/")
        end = bisect_left(self._ended, f"{folder}0", start)  # the character behind a slash
        return (self._ended[at][:-1] for at in range(start, end))
