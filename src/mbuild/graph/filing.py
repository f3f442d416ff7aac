"""Makes the index of readers: files every source of every image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from mbuild.context.cover import Sought, sought
from mbuild.context.follow import LinkTarget, Parts, follow, parts_of
from mbuild.context.lookup import Lookup
from mbuild.context.select import excludes_of
from mbuild.dockerfile.model import Read
from mbuild.graph.index import Hit, Index, Room, Sources
from mbuild.graph.keeper import Rules
from mbuild.graph.lookup import asked_for
from mbuild.graph.outline import Outline, Place
from mbuild.graph.paths import inside, joined
from mbuild.graph.places import Places, RuledBy, ruled_by
from mbuild.images import ImageDef
from mbuild.tree import Entry
from mbuild.values import dataclass, field

Image = tuple[ImageDef, Outline]


class Links:
    """The links of a tree, as far as sources may lead through them.

    entries: ``Tree.scattered``. target: where one points.
    """

    def __init__(self, entries: Iterable[Entry], target: Callable[[Entry], str]) -> None:
        """Take what there is in a whole tree."""
        self._all = tuple(filter(lambda each: each.is_link, entries))
        self._lookup = Lookup(self._all)
        self._target = target
        self._below: dict[str, Lookup | None] = {}

    def below(self, root: str) -> Lookup | None:
        """Return the links in a context root, their paths relative to it; None where there are none."""
        if root not in self._below:
            found = [self._all[position] for position in self._lookup.below(root)]
            entries = [Entry(inside(root, each.path), each.mode, each.oid) for each in found]
            self._below[root] = Lookup(entries) if entries else None
        return self._below[root]

    def target(self, root: str) -> LinkTarget:
        """Return what says where a link in a context root points."""
        return lambda link: self._target(Entry(f"{root}/{link.path}" if root else link.path, link.mode, link.oid))


def build_index(images: Iterable[Image], links: Links, places: Places) -> Index:
    """Return the index of images, which are sorted by name."""
    filing = _Filing(links, places)
    for image in images:
        filing.add(*image)
    return filing.index()


@dataclass(slots=True)
class _Filing:
    """An index while it is made."""

    links: Links
    places: Places
    names: list[str] = field(default_factory=list)
    rooms: list[list[Room]] = field(default_factory=list)
    literal: dict[str, list[int]] = field(default_factory=dict)
    wild: dict[str, dict[Parts, list[int]]] = field(default_factory=dict)
    rules: dict[Rules, int] = field(default_factory=dict)
    numbers: dict[tuple[str, RuledBy, tuple[str, ...]], int] = field(default_factory=dict)
    excludes: dict[tuple[str, ...], int] = field(default_factory=dict)
    defined: dict[str, list[int]] = field(default_factory=dict)
    watched: dict[str, list[int]] = field(default_factory=dict)
    roots: dict[str, list[int]] = field(default_factory=dict)
    vague: list[int] = field(default_factory=list)
    asked: dict[str, list[int]] = field(default_factory=dict)

    def index(self) -> Index:
        """Return the index of what was added."""
        wild = {
            start: [(tuple((each.text, each.wild) for each in parts), hits) for parts, hits in sources.items()]
            for start, sources in self.wild.items()
        }
        sources = Sources(self.literal, wild)
        found = (sources, list(self.rules), list(self.excludes), self.defined, self.watched, self.roots, self.vague)
        return Index(self.names, self.rooms, *found, self.asked)

    def add(self, definition: ImageDef, outline: Outline) -> None:
        """File all that an image reads."""
        number = len(self.names)
        for path in outline.defining(definition):
            self.defined.setdefault(path, []).append(number)
        self.names.append(definition.name)
        for path in dict.fromkeys(outline.watched(definition)):
            self.watched.setdefault(path, []).append(number)
        for name in {key for each, _ in outline.names for key in asked_for(definition, each)}:
            self.asked.setdefault(name, []).append(number)
        for root in {place.root for place in outline.places}:
            self.roots.setdefault(root, []).append(number)
        self.rooms.append([self._room(definition, outline, number, at) for at in range(len(outline.places))])

    def _room(self, definition: ImageDef, outline: Outline, number: int, at: int) -> Room:
        place = outline.places[at]
        linked = False
        for position, read in enumerate(outline.reads_of(place.context)):
            where = outline.doubts[0].where if outline.doubts else read.where
            hit = Hit(number, at, position, self._excluded(read), where.line, where.col)
            linked |= self._file(place.root, read, hit)
        return self._ruled(definition, place), linked

    def _ruled(self, definition: ImageDef, place: Place) -> int:
        include = () if place.context else definition.include
        key = (place.root, ruled_by(definition, place), include)
        if key not in self.numbers:
            lines = tuple((each.pattern, each.line) for each in self.places.rules(definition, place))
            self.numbers[key] = self.rules.setdefault(Rules(place.root, lines, include), len(self.rules))
        return self.numbers[key]

    def _excluded(self, read: Read) -> int:
        if not read.excludes or excludes_of(read) is None:
            return -1
        return self.excludes.setdefault(read.excludes, len(self.excludes))

    def _file(self, root: str, read: Read, hit: Hit) -> bool:
        """File the sources of a read; return whether one of them passes a link."""
        links = self.links.below(root)
        linked = False
        for source in read.sources:
            parts, found = _looked_for(source)
            if links is None:
                self._add(root, parts, found, hit)
                continue
            followed = follow(parts, links, self.links.target(root))
            linked |= not followed.direct
            for needed in followed.needed:
                self._add(root, needed, sought(needed), hit if followed.direct else hit._replace(excludes=-1))
        return linked

    def _add(self, root: str, parts: Parts, found: Sought | None, hit: Hit) -> None:
        if found is None or found.parts != parts:
            self.vague.append(hit.image)  # links are looked for as it is written
        if found is None:
            return
        start = joined(root, found.folder)
        if found.wild:
            self.wild.setdefault(start, {}).setdefault(found.parts, []).extend(hit)
        else:
            self.literal.setdefault(start, []).extend(hit)


@lru_cache(maxsize=4096)  # images have many sources in common
def _looked_for(source: str) -> tuple[Parts, Sought | None]:
    parts = parts_of(source)
    return parts, sought(parts)
