"""Which files discovery has read: where none of them has changed, it says the same again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import BinaryIO

from mbuild.changes import Change, odd_entries
from mbuild.tree import Entry, Tree
from mbuild.values import dataclass, field


def may_differ(read: Collection[str], changes: Iterable[Change]) -> bool:
    """Tell whether discovery may find something else after changes: it goes by what it has read, and by all paths."""
    every = tuple(changes)
    return bool(odd_entries(every)) or any(each.old is None or each.new is None or each.path in read for each in every)


@dataclass(frozen=True, slots=True)
class Recording:
    """A tree that keeps the paths of what was read of it."""

    tree: Tree
    read_paths: set[str] = field(default_factory=set)

    def entry(self, path: str) -> Entry | None:
        """Return the entry at a path."""
        return self.tree.entry(path)

    def expect(self, paths: Collection[str]) -> None:
        """Get ready for files."""
        self.tree.expect(paths)

    def expect_below(self, folders: Collection[str]) -> None:
        """Get ready for what is below folders."""
        self.tree.expect_below(folders)

    def below(self, folder: str, levels: int | None = None) -> Sequence[Entry]:
        """Return every entry below a folder."""
        return self.tree.below(folder, levels)

    def folder(self, path: str) -> bool:
        """Tell whether something is below a folder."""
        return self.tree.folder(path)

    def scattered(self) -> Sequence[Entry]:
        """Return what counts wherever it lies."""
        return self.tree.scattered()

    def read(self, entry: Entry) -> bytes:
        """Return the content of a file, which counts as read."""
        self.read_paths.add(entry.path)
        return self.tree.read(entry)

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file, which counts as read."""
        self.read_paths.add(entry.path)
        return self.tree.open(entry)

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        """Return the size of each."""
        return self.tree.sizes(entries)
