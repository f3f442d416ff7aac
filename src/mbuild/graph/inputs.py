"""What an image reads: its reads applied to the tree, under the ignore file in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from mbuild.context.cover import sought
from mbuild.context.follow import LinkTarget, Parts, follow, literal_start, parts_of, text_of
from mbuild.context.lookup import Lookup
from mbuild.context.select import Selection, select
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.dockerfile.model import Read
from mbuild.graph.model import ContextUse, Missing
from mbuild.graph.outline import Place
from mbuild.graph.places import Places
from mbuild.images import ImageDef
from mbuild.tree import Entry, Tree, decode

_PATH = attrgetter("path")


@dataclass(slots=True)
class Inputs:
    """Selects the inputs of images at one tree; every folder is listed once."""

    tree: Tree
    places: Places
    _known: dict[tuple[str, str], tuple[Entry, ...]] = field(default_factory=dict)

    def use(self, definition: ImageDef, place: Place, reads: Sequence[Read]) -> tuple[ContextUse, Selection]:
        """Return what the reads take from one context of an image."""
        matcher = self.places.matcher(definition, place)
        root = place.root
        target = lambda entry: link_target(self.tree, root, entry)  # noqa: E731
        found = select(self._listing(root, reads, target), reads, matcher, target)
        entries, folders = found.entries, found.folders
        if definition.include and not place.context:
            entries, folders = _narrowed(entries, definition.include), ()
        return ContextUse(place.context, root, entries, folders, place.ignore, found.whole), found

    def _listing(self, root: str, reads: Sequence[Read], target: LinkTarget) -> Sequence[Entry]:
        """Return, sorted, the entries of a context root that can matter to its reads.

        Those are what lies at, below and above the literal beginnings of the sources, and, where there is a link, what
        it leads to. So a few folders of a big tree are looked into, not all of it.
        """
        known: dict[str, Entry] = {}
        looked_at: set[str] = set()
        sources = [parts_of(source) for read in reads for source in read.sources]
        new = {start for parts in sources for start in _starts(parts)}
        while new:
            if "" in new:
                return self._below(root, "")
            for start in new:
                known |= {each.path: each for each in self._at(root, start)}
            looked_at |= new
            lookup = Lookup(sorted(known.values(), key=_PATH))
            ways = (parts for source in sources for parts in follow(source, lookup, target).needed)
            new = {start for parts in ways for start in _starts(parts)} - looked_at
        return sorted(known.values(), key=_PATH)

    def _at(self, root: str, path: str) -> Iterator[Entry]:
        """Yield the entries at and below a path of a context root, and those above it that are no folders."""
        yield from self._below(root, path)
        while path:
            found = self.tree.entry(f"{root}/{path}" if root else path)
            if found is not None:
                yield Entry(path, found.mode, found.oid, found.size)
            path = path.rpartition("/")[0]

    def _below(self, root: str, folder: str) -> tuple[Entry, ...]:
        if (root, folder) not in self._known:
            self._known[root, folder] = listing(self.tree, root, folder)
        return self._known[root, folder]


def _starts(parts: Parts) -> Iterator[str]:
    """Yield the paths at and below which a source, and links on its way, are looked for."""
    yield text_of(literal_start(parts))
    found = sought(parts)
    if found is not None:
        yield found.folder


def listing(tree: Tree, root: str, folder: str = "") -> tuple[Entry, ...]:
    """Return the entries of a context root that lie below a folder of it, sorted, with paths relative to the root."""
    found = tree.below("/".join(each for each in (root, folder) if each))
    skip = len(root) + 1
    return tuple(found if not root else (Entry(each.path[skip:], each.mode, each.oid, each.size) for each in found))


def link_target(tree: Tree, root: str, entry: Entry) -> str:
    """Return where a link points; its path is relative to a context root."""
    path = f"{root}/{entry.path}" if root else entry.path
    return decode(tree.read(Entry(path, entry.mode, entry.oid)))


def _narrowed(entries: Iterable[Entry], patterns: Sequence[str]) -> tuple[Entry, ...]:
    matcher = IgnoreMatcher(IgnoreLine(pattern, 0) for pattern in patterns)
    return tuple(each for each in entries if matcher.ignored(each.path))


def missing_of(found: Selection, context: str) -> tuple[Missing, ...]:
    """Return the sources that match nothing."""
    return tuple(Missing(source, context, read.where) for read, source in found.missing)
