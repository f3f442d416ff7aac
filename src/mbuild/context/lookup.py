"""A sorted listing of entries, searched by bisection: folders are not entries, they follow from the paths."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import attrgetter

from mbuild.tree import SYMLINK, Entry

FEW = 1000
"""Entries of which it is quick to see whether one is a link: a source is looked up among much fewer, mostly."""

_PATH = attrgetter("path")


class Lookup:
    """Paths of a context. "" is the context root; positions are indexes into the listing."""

    def __init__(self, listing: Sequence[Entry]) -> None:
        """Take entries sorted by path, as ``str`` compares."""
        self.listing = listing

    @cached_property
    def may_have_links(self) -> bool:
        """Whether an entry is a symbolic link, or so many are listed that nobody looked."""
        return len(self.listing) > FEW or any(each.mode == SYMLINK for each in self.listing)

    def find(self, path: str) -> int:
        """Return the position of the entry at exactly this path, or -1."""
        position = bisect_left(self.listing, path, key=_PATH)
        found = position < len(self.listing) and self.listing[position].path == path
        return position if found else -1

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path."""
        position = self.find(path)
        return None if position < 0 else self.listing[position]

    def below(self, folder: str) -> range:
        """Return the positions of all entries below a folder, empty when there is no such folder."""
        if not folder:
            return range(len(self.listing))
        start = bisect_left(self.listing, f"{folder}/", key=_PATH)
        # "0" is the character after "/".
        return range(start, bisect_left(self.listing, f"{folder}0", start, key=_PATH))

    def is_there(self, path: str) -> bool:
        """Tell whether there is an entry or a folder at this path."""
        return self.find(path) >= 0 or bool(self.below(path))

    def children(self, folder: str) -> Iterator[tuple[str, Entry | None]]:
        """Yield name and entry of what lies directly in a folder; the entry of a folder is None."""
        inside = self.below(folder)
        skip = len(folder) + 1 if folder else 0
        position = inside.start
        while position < inside.stop:
            entry = self.listing[position]
            name, slash, _ = entry.path[skip:].partition("/")
            yield name, None if slash else entry
            if slash:
                behind = f"{entry.path[:skip]}{name}0"
                position = bisect_left(self.listing, behind, position, inside.stop, key=_PATH)
            else:
                position += 1
