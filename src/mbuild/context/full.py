"""What a plain ``docker build`` of the same context root would have sent: everything but what the ignore file names."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher, concerns
from mbuild.values import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Size:
    """A number of files and their bytes."""

    files: int = 0
    bytes: int = 0


class Root(Protocol[T]):
    """A context root; paths are from there."""

    def scan(self, folder: str) -> Iterable[tuple[str, bool, T]]:
        """Return what lies in a folder: its name, whether it is a folder, and what ``size`` is told. "" is the root."""
        ...

    def size(self, found: T) -> int:
        """Return the bytes of a file."""
        ...


class Counter(Generic[T]):
    """Counts what ignore files leave of a context root.

    The ignore files of a repository often differ only in the folders that they name, each of one image: what lies in a
    folder of the root is counted once for all whose lines for that folder are the same.
    """

    def __init__(self, root: Root[T]) -> None:
        """Take the root; nothing is looked at yet."""
        self.counted = 0
        """How many files were counted so far."""
        self._root = root
        self._top: Sequence[tuple[str, bool, T]] | None = None
        self._known: dict[tuple[str, tuple[str, ...]], Size] = {}

    def count(self, lines: Iterable[IgnoreLine]) -> Size:
        """Return what an ignore file of these lines leaves."""
        lines = tuple(lines)
        if self._top is None:
            self._top = tuple(self._root.scan(""))
        found = [self._of_top(each, [line for line in lines if concerns(line.pattern, each[0])]) for each in self._top]
        return Size(sum(each.files for each in found), sum(each.bytes for each in found))

    def _of_top(self, top: tuple[str, bool, T], lines: Sequence[IgnoreLine]) -> Size:
        key = top[0], tuple([each.pattern for each in lines])
        if key not in self._known:
            self._known[key] = found = self._walked(top, IgnoreMatcher(lines) if lines else None)
            self.counted += found.files
        return self._known[key]

    def _walked(self, top: tuple[str, bool, T], matcher: IgnoreMatcher | None) -> Size:
        files = total = 0
        waiting: list[tuple[str, Iterable[tuple[str, bool, T]]]] = [("", (top,))]
        while waiting:
            prefix, listed = waiting.pop()
            for name, is_folder, found in listed:
                path = prefix + name
                ignored = matcher is not None and matcher.ignored(path)
                if is_folder:
                    if not ignored or (matcher is not None and matcher.may_reinclude_below(path)):
                        waiting.append((f"{path}/", self._root.scan(path)))
                elif not ignored:
                    files += 1
                    total += self._root.size(found)
        return Size(files, total)


class OnDisk:
    """A folder on disk: git's own files and those that git ignores included, as ``docker build`` would."""

    def __init__(self, folder: str, left_out: str = "") -> None:
        """Take the folder, and one that does not count, both absolute."""
        self._folder = folder
        self._left_out = left_out

    def scan(self, folder: str) -> Iterator[tuple[str, bool, os.DirEntry[str]]]:
        """Yield what lies in a folder; one that cannot be read would fail a plain build, so here it counts as empty."""
        left_out = self._left_out
        try:
            with os.scandir(f"{self._folder}/{folder}" if folder else self._folder) as found:
                listed = list(found)
        except OSError:
            return
        yield from ((each.name, each.is_dir(follow_symlinks=False), each) for each in listed if each.path != left_out)

    def size(self, found: os.DirEntry[str]) -> int:
        """Return the bytes of a file, none of one that is gone."""
        try:
            return found.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return 0


class InTree:
    """A folder of a commit. Of 200,000 files little is kept: names, and numbers that are no objects."""

    def __init__(self, files: Iterable[tuple[str, int]]) -> None:
        """Take the path from there and the bytes of each file below it, less than 0 where there are none."""
        self._folders: dict[str, tuple[list[str], array[int]]] = {"": ([], array("q"))}
        for path, size in files:
            self._add(path, max(0, size))

    def _add(self, path: str, size: int) -> None:
        folder, _, name = path.rpartition("/")
        while folder not in self._folders:
            self._folders[folder] = [name], array("q", [size])
            (folder, _, name), size = folder.rpartition("/"), _IS_FOLDER
        names, sizes = self._folders[folder]
        names.append(name)
        sizes.append(size)

    def scan(self, folder: str) -> Iterator[tuple[str, bool, int]]:
        """Yield what lies in a folder."""
        for name, size in zip(*self._folders[folder], strict=True):
            yield name, size == _IS_FOLDER, size

    def size(self, found: int) -> int:
        """Return the bytes of a file."""
        return found


_IS_FOLDER = -1
