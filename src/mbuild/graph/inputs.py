"""What an image reads: its reads applied to the tree, under the ignore file in force.

What the sources of one context take is taken one by one: no source changes what another one takes. So images that
have a source in common share what it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import islice
from operator import attrgetter

from mbuild.context.cover import sought
from mbuild.context.follow import LinkTarget, Parts, follow, literal_start, parts_of, text_of
from mbuild.context.lookup import Lookup
from mbuild.context.select import Selection, select
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.dockerfile.model import Read
from mbuild.graph.attributes import Attributes
from mbuild.graph.model import ContextUse, Missing
from mbuild.graph.outline import Place
from mbuild.graph.paths import joined
from mbuild.graph.pieces import Piece, Recent, in_order
from mbuild.graph.places import Places
from mbuild.images import ImageDef
from mbuild.tree import Entry, Tree, decode
from mbuild.values import NamedTuple, dataclass, field, replace

_PATH = attrgetter("path")

MOST_PIECES = 2048
"""How many sources are remembered with what they take: some 10 KB each."""

MOST_LISTINGS = 16
"""How many folders are remembered with all that is below them."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a source takes, as it was selected and as it is put together."""

    selection: Selection
    piece: Piece


def _taken(selection: Selection) -> _Taken:
    return _Taken(selection, Piece(selection.entries))


class Wanted(NamedTuple):
    """One context of an image, and what is read from it."""

    definition: ImageDef
    place: Place
    reads: Sequence[Read]


@dataclass(slots=True)
class Inputs:
    """Selects the inputs of images at one tree. What many images share is looked at once."""

    tree: Tree
    places: Places
    attributes: Attributes
    _known: Recent[tuple[str, str], tuple[Entry, ...]] = field(default_factory=lambda: Recent(MOST_LISTINGS))
    _taken: Recent[object, _Taken] = field(default_factory=lambda: Recent(MOST_PIECES))
    _single: Set[object] = frozenset()

    def use(self, definition: ImageDef, place: Place, reads: Sequence[Read]) -> ContextUse:
        """Return what reads take from one context of an image."""
        matcher = self.places.matcher(definition, place)
        if definition.include and not place.context:
            all_ = self._select(place.root, reads, matcher)
            narrowed = Piece(_narrowed(all_.entries, definition.include))
            kept = self._select(place.root, reads, matcher, definition.include)
            return self._use(definition, place, [narrowed], (), all_.whole, missing_of(kept, place.context))
        apart = any(read.excludes for read in reads)
        taken = (
            [] if apart else [self._take(place.root, read, each, matcher) for read in reads for each in read.sources]
        )
        if apart or any(each.selection.missing for each in taken):
            # Together: what one source excludes, another may take, and what one misses, another may bring along.
            taken = [_taken(self._select(place.root, reads, matcher))]
        found = [each.selection for each in taken]
        folders = sorted({folder for each in found for folder in each.folders})
        missing = [each for one in found for each in missing_of(one, place.context)]
        whole = any(each.whole for each in found)
        return self._use(definition, place, (each.piece for each in taken), folders, whole, missing)

    def _use(
        self,
        definition: ImageDef,
        place: Place,
        taken: Iterable[Piece],
        folders: Iterable[str],
        whole: bool,
        missing: Iterable[Missing],
    ) -> ContextUse:
        pieces = in_order(taken)
        # A Dockerfile is sent as well: what stands in its heredocs is converted with it.
        dockerfile = None if place.context else self.places.file(definition.dockerfile)
        attributes = self.attributes.converting(place.root, pieces, [dockerfile.path] if dockerfile else ())
        return ContextUse(
            place.context, place.root, pieces, tuple(folders), place.ignore, whole, tuple(missing), attributes
        )

    def forget(self) -> None:
        """Let go of what is remembered of folders and sources."""
        self._known, self._taken = Recent(MOST_LISTINGS), Recent(MOST_PIECES)

    def _take(self, root: str, read: Read, source: str, matcher: IgnoreMatcher | None) -> _Taken:
        """Return what one source takes, of which nothing is excluded."""
        key = (root, source, matcher)
        found = self._taken.get(key)
        if found is None:
            found = _taken(self._select(root, (replace(read, sources=(source,)),), matcher))
            if key not in self._single:
                self._taken.put(key, found)
        return found

    def _select(
        self, root: str, reads: Sequence[Read], matcher: IgnoreMatcher | None, include: Sequence[str] = ()
    ) -> Selection:
        target = lambda entry: link_target(self.tree, root, entry)  # noqa: E731
        listed = self._listing(root, reads, target)
        return select(_narrowed(listed, include) if include else listed, reads, matcher, target)

    def announce(self, wanted: Sequence[Wanted]) -> None:
        """Learn which sources will be asked for more than once: what the others take need not be remembered."""
        self.tree.expect({each.place.lines.path for each in wanted if each.place.lines})
        counted = Counter(
            (each.place.root, source, self.places.matcher(each.definition, each.place))
            for each in wanted
            for read in each.reads
            for source in read.sources
        )
        self._single = {key for key, count in counted.items() if count == 1}

    def expect(self, wanted: Iterable[Wanted]) -> None:
        """Get ready for what reads take from context roots."""
        folders = {joined(each.place.root, folder) for each in wanted for folder in _folders(each.reads)}
        self.tree.expect_below(folders)

    def weigh(self, uses: Iterable[ContextUse]) -> None:
        """Find out the bytes of all pieces, with one question to the tree."""
        new = {id(each): (use, each) for use in uses for each in use.pieces if each.bytes < 0}
        of_tree = (
            Entry(use.path(each), each.mode, each.oid) if use.root else each
            for use, piece in new.values()
            for each in piece.entries
        )
        sizes = iter(self.tree.sizes(of_tree))
        for _, piece in new.values():
            piece.bytes = sum([size for size in islice(sizes, len(piece.entries)) if size > 0])

    def _listing(self, root: str, reads: Sequence[Read], target: LinkTarget) -> Sequence[Entry]:
        """Return, sorted, the entries of a context root that can matter to its reads.

        Those are what lies at, below and above the literal beginnings of the sources, and, where there is a link, what
        it leads to. So a few folders of a big tree are looked into, not all of it.
        """
        listed: list[Sequence[Entry]] = []
        looked_at: set[str] = set()
        sources = [parts_of(source) for read in reads for source in read.sources]
        new = {start for parts in sources for start in _starts(parts)}
        while new:
            if "" in new:
                return self._below(root, "")
            listed += [self._at(root, start) for start in sorted(new)]
            looked_at |= new
            lookup = Lookup(_together(listed))
            if not lookup.may_have_links:
                break
            ways = (parts for source in sources for parts in follow(source, lookup, target).needed)
            new = {start for parts in ways for start in _starts(parts)} - looked_at
        return _together(listed)

    def _at(self, root: str, path: str) -> Sequence[Entry]:
        """Return the entries at and below a path of a context root, or else the one above it that is no folder."""
        below = self._below(root, path)
        while path and not below:
            found = self.tree.entry(f"{root}/{path}" if root else path)
            if found is not None:
                return [Entry(path, found.mode, found.oid, found.size)]
            path = path.rpartition("/")[0]
        return below

    def _below(self, root: str, folder: str) -> tuple[Entry, ...]:
        found = self._known.get((root, folder))
        if found is None:
            found = listing(self.tree, root, folder)
            self._known.put((root, folder), found)
        return found


def _together(listed: Sequence[Sequence[Entry]]) -> Sequence[Entry]:
    """Return entries of several listings, sorted, each of them once."""
    if len(listed) == 1:
        return listed[0]
    return sorted({each.path: each for some in listed for each in some}.values(), key=_PATH)


def _starts(parts: Parts) -> Iterator[str]:
    """Yield the paths at and below which a source, and links on its way, are looked for."""
    yield text_of(literal_start(parts))
    found = sought(parts)
    if found is not None:
        yield found.folder


def listing(tree: Tree, root: str, folder: str = "") -> tuple[Entry, ...]:
    """Return the entries of a context root that lie below a folder of it, sorted, with paths relative to the root."""
    found = tree.below(joined(root, folder))
    skip = len(root) + 1
    return tuple(found if not root else (Entry(each.path[skip:], each.mode, each.oid, each.size) for each in found))


def link_target(tree: Tree, root: str, entry: Entry) -> str:
    """Return where a link points; its path is relative to a context root."""
    path = f"{root}/{entry.path}" if root else entry.path
    return decode(tree.read(Entry(path, entry.mode, entry.oid)))


def _narrowed(entries: Iterable[Entry], patterns: Sequence[str]) -> tuple[Entry, ...]:
    matcher = IgnoreMatcher(IgnoreLine(pattern, 0) for pattern in patterns)
    return tuple(each for each in entries if matcher.ignored(each.path))


def _folders(reads: Sequence[Read]) -> Iterator[str]:
    for read in reads:
        for source in read.sources:
            yield from _starts(parts_of(source))


def missing_of(found: Selection, context: str) -> tuple[Missing, ...]:
    """Return the sources that match nothing."""
    return tuple(Missing(source, context, read.where) for read, source in found.missing)
