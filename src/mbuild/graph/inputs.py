"""What an image reads: its reads applied to the tree, under the ignore file in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mbuild.context.select import Selection, select
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.dockerfile.model import Read
from mbuild.graph.model import ContextUse, Missing
from mbuild.graph.outline import Place
from mbuild.graph.places import Places
from mbuild.images import ImageDef
from mbuild.tree import Entry, Tree, decode


@dataclass(slots=True)
class Inputs:
    """Selects the inputs of images at one tree; every context root is listed once."""

    tree: Tree
    places: Places
    _listings: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def listing(self, root: str) -> tuple[Entry, ...]:
        """Return the entries below a folder, sorted, with paths relative to it."""
        if root not in self._listings:
            self._listings[root] = listing(self.tree, root)
        return self._listings[root]

    def use(self, definition: ImageDef, place: Place, reads: Sequence[Read]) -> tuple[ContextUse, Selection]:
        """Return what the reads take from one context of an image."""
        matcher = self.places.matcher(definition, place)
        root = place.root
        found = select(self.listing(root), reads, matcher, lambda entry: link_target(self.tree, root, entry))
        entries, folders = found.entries, found.folders
        if definition.include and not place.context:
            entries, folders = _narrowed(entries, definition.include), ()
        return ContextUse(place.context, root, entries, folders, place.ignore, found.whole), found


def listing(tree: Tree, root: str) -> tuple[Entry, ...]:
    """Return the entries below a folder, sorted, with paths relative to it."""
    found = tree.below(root)
    skip = len(root) + 1
    return tuple(found if not root else (Entry(each.path[skip:], each.mode, each.oid, each.size) for each in found))


def link_target(tree: Tree, root: str, entry: Entry) -> str:
    """Return where a link points; its path is relative to a context root."""
    path = f"{root}/{entry.path}" if root else entry.path
    return decode(tree.read(Entry(path, entry.mode, entry.oid)))


def included(patterns: Sequence[str]) -> IgnoreMatcher:
    """Return a matcher of what ``include`` lets in."""
    return IgnoreMatcher(tuple(IgnoreLine(pattern, 0) for pattern in patterns))


def _narrowed(entries: Iterable[Entry], patterns: Sequence[str]) -> tuple[Entry, ...]:
    matcher = included(patterns)
    return tuple(each for each in entries if matcher.ignored(each.path))


def missing_of(found: Selection, context: str) -> tuple[Missing, ...]:
    """Return the sources that match nothing."""
    return tuple(Missing(source, context, read.where) for read, source in found.missing)
