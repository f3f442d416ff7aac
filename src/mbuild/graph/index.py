"""From a path to the images that may read it, without asking every image.

Every source that an image reads is filed under the folder or file it begins with, so a path is looked up by itself and
the folders above it. What the index says is exact where no link is on the way of an image's sources (``linked``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mbuild.graph.keeper import Keeper, Rules
from mbuild.graph.paths import InOrder, inside, unknown, upward
from mbuild.tree import SUBMODULE
from mbuild.values import NamedTuple, dataclass, field

if TYPE_CHECKING:
    from mbuild.context.reach import Wild
    from mbuild.dockerfile.ignore import IgnoreMatcher
    from mbuild.tree import Entry


class Hit(NamedTuple):
    """A read: by number its image, the place (of ``Outline.places``), and the read there.

    excludes:  number of what ``--exclude`` takes away, -1 for nothing.
    line, col: where the read stands in the image's Dockerfile.
    """

    image: int
    place: int
    read: int
    excludes: int
    line: int
    col: int


FIELDS = len(Hit._fields)


Fields = tuple[int, int, int, int, int, int]
"""A hit as it is written: a tuple that needs no class of its own, there are thousands."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Reads that begin at one path under the same rules: of what lies there, all take the same.

    rules, linked, excludes: as in ``Room`` and ``Hit``.
    """

    rules: int
    linked: bool
    excludes: int
    hits: Sequence[Fields]

    @property
    def images(self) -> Iterable[int]:
        """The numbers of their images."""
        return [hit[0] for hit in self.hits]


class Cover(NamedTuple):
    """A path is covered by reads. root: the folder or file it is covered by, from the git root."""

    readers: Readers
    root: str
    deep: bool


Room = tuple[int, bool]
"""A place of an image: the number of its rules, and whether one of its sources passes a link."""


class Sources(NamedTuple):
    """Where all sources begin. Hits stand one after the other, ``FIELDS`` numbers each.

    literal: by path, from the git root. wild: sources with wildcards, as (text, whether it is a pattern) for each
             component, by the folder before the first pattern.
    """

    literal: Mapping[str, Sequence[int]]
    wild: Mapping[str, Sequence[tuple[Sequence[tuple[str, bool]], Sequence[int]]]]


class Beginning(NamedTuple):
    """What begins at a path: reads of it, and sources with wildcards, each with its context root and its reads."""

    covers: Sequence[Cover]
    wild: Sequence[tuple[Wild, str, Sequence[Readers]]]

    def wildly(self, path: str) -> Iterator[Cover]:
        """Yield the reads that cover a path at or below this one by a wildcard."""
        for wild, context, found in self.wild:
            root = wild.root(inside(context, path))
            if root is not None:
                full = f"{context}/{root}" if context else root
                yield from (Cover(some, full, wild.deep) for some in found)


@dataclass(slots=True)
class Index:
    """The readers of all paths at one tree.

    names:    of the images, by number. rooms: of each image, by place.
    excludes: what ``--exclude`` takes away, by number.
    defined:  the images that a Dockerfile or ignore file at a path defines.
    watched:  the images whose outline may be another one after a change at a path, links aside; roots: the images that
              have a context root at a path.
    vague:    images with a source of which a path alone does not say whether it is on its way.
    asked:    the images in which a name (as in ``lookup.filed``) was looked up.
    """

    names: Sequence[str]
    rooms: Sequence[Sequence[Room]]
    sources: Sources
    rules: Sequence[Rules]
    excludes: Sequence[Sequence[str]]
    defined: Mapping[str, Sequence[int]]
    watched: Mapping[str, Sequence[int]]
    roots: Mapping[str, Sequence[int]]
    vague: Sequence[int]
    asked: Mapping[str, Sequence[int]]
    _orders: dict[str, InOrder] = field(default_factory=dict)
    _keepers: dict[int, Keeper] = field(default_factory=dict)
    _excluders: dict[int, IgnoreMatcher] = field(default_factory=dict)
    _matchers: dict[tuple[str, ...], IgnoreMatcher] = field(default_factory=dict)
    _beginnings: dict[str, Sequence[Beginning]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """Return the number of an image."""
        if not self._numbers:
            self._numbers.update((each, number) for number, each in enumerate(self.names))
        return self._numbers[name]

    def covering(self, path: str) -> Iterator[Cover]:
        """Yield every read that covers a path, ignore files and ``--exclude`` aside."""
        own = self.beginning(path)
        above = self._above(path.rpartition("/")[0])
        for each in (own, *above) if own else above:
            yield from each.covers
            yield from each.wildly(path)

    def _above(self, folder: str) -> Sequence[Beginning]:
        """Return what begins at a folder and at those above it: known for all paths in it at once."""
        new = unknown(folder, self._beginnings)
        found = self._beginnings.get(new[-1].rpartition("/")[0] if new else folder, ())
        for each in reversed(new):
            own = self.beginning(each)
            found = self._beginnings[each] = (own, *found) if own else found
        return found

    def beginning(self, start: str) -> Beginning | None:
        """Return what begins at a path, None where nothing does."""
        literal, wild = self.sources.literal.get(start, ()), self.sources.wild.get(start, ())
        if not literal and not wild:
            return None
        found: dict[tuple[int, str], list[Readers]] = {}
        for number, (_, numbers) in enumerate(wild):
            for some in self._readers(numbers):
                found.setdefault((number, self.rules[some.rules].root), []).append(some)
        sources = tuple((self._wild(start, number), context, some) for (number, context), some in found.items())
        return Beginning([Cover(some, start, deep=False) for some in self._readers(literal)], sources)

    def _readers(self, numbers: Sequence[int]) -> Sequence[Readers]:
        """Return hits, which stand one after the other, by what rules them."""
        found: dict[tuple[int, bool, int], list[Fields]] = {}
        for hit in zip(*[iter(numbers)] * FIELDS, strict=True):
            image, place, _, excludes, _, _ = hit
            rules, linked = self.rooms[image][place]
            found.setdefault((rules, linked, excludes), []).append(hit)
        return [Readers(*key, hits) for key, hits in found.items()]

    def _wild(self, start: str, number: int) -> Wild:
        from mbuild.context.cover import sought
        from mbuild.context.follow import Part
        from mbuild.context.reach import Wild

        written = self.sources.wild[start][number][0]
        source = sought(tuple(Part(text, wild) for text, wild in written))
        assert source is not None, "only what can be found is filed"
        return Wild(source)

    def around(self, folder: str) -> set[int]:
        """Return the images that may take something in a folder, or are defined there; "" is the git root."""
        found = set(self.vague)
        for path in self._inside("watched", self.watched, folder):
            found.update(self.watched[path])
        above = list(upward(folder))
        found.update(self._literally(chain(self._literal_in(folder), above)))
        found.update(self._by_wildcards(chain(self._wild_in(folder), above)))
        return found

    def near(self, path: str) -> set[int]:
        """Return the images for which it matters what kind of thing is at a path: it is on the way of a source."""
        found = set(self.vague)
        found.update(self._literally(self._literal_in(path)))
        found.update(self._by_wildcards(chain(self._wild_in(path), upward(path))))
        return found

    def _literally(self, starts: Iterable[str]) -> Iterator[int]:
        """Yield the images with a source without wildcards that begins at one of these paths."""
        return (image for start in starts for image in self.sources.literal.get(start, ())[::FIELDS])

    def _by_wildcards(self, starts: Iterable[str]) -> Iterator[int]:
        """Yield the images with a source with wildcards that begins at one of these paths."""
        each = (hits for start in starts for _, hits in self.sources.wild.get(start, ()))
        return (image for hits in each for image in hits[::FIELDS])

    def _literal_in(self, folder: str) -> Iterable[str]:
        return self._inside("literal", self.sources.literal, folder)

    def _wild_in(self, folder: str) -> Iterable[str]:
        return self._inside("wild", self.sources.wild, folder)

    def _inside(self, name: str, paths: Iterable[str], folder: str) -> Iterable[str]:
        """Return those of the paths that are a folder or lie in it; "" is the git root.

        They are put in order once: thousands of links or attributes files may change at a time.
        """
        if not folder:
            return paths
        if name not in self._orders:
            self._orders[name] = InOrder(paths)
        return self._orders[name].inside(folder)

    def keeps(self, cover: Cover, path: str) -> bool:
        """Tell whether a covered path is taken: neither ignored, nor excluded, nor left out by ``include``."""
        some = cover.readers
        narrowed = some.excludes >= 0 and path != cover.root and not cover.deep
        if narrowed and self._excluder(some.excludes).ignored(inside(cover.root, path)):
            return False
        return self.keeper(some.rules).keeps(path)

    def keeper(self, number: int) -> Keeper:
        """Return the rules of a place, ready for use."""
        if number not in self._keepers:
            self._keepers[number] = Keeper(self.rules[number], self._matcher)
        return self._keepers[number]

    def _excluder(self, number: int) -> IgnoreMatcher:
        if number not in self._excluders:
            self._excluders[number] = self._matcher(tuple(self.excludes[number]))
        return self._excluders[number]

    def _matcher(self, patterns: tuple[str, ...]) -> IgnoreMatcher:
        """Return what ignores by these lines: folders with the same lines share one, as it knows paths inside only."""
        if patterns not in self._matchers:
            from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher

            self._matchers[patterns] = IgnoreMatcher(IgnoreLine(each, 0) for each in patterns)
        return self._matchers[patterns]

    def takers(self, path: str, entry: Entry) -> Iterator[int]:
        """Yield the images that take an entry, or (of a submodule) may take something in it; some of them twice."""
        for cover in self.covering(path):
            if self.keeps(cover, path):
                yield from cover.readers.images
        if entry.mode == SUBMODULE:
            yield from self.near(path)
