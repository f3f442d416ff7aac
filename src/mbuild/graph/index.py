"""From a path to the images that may read it, without asking every image.

Every source that an image reads is filed under the folder or file it begins with, so a path is looked up by itself and
the folders above it. What the index says is exact where no link is on the way of an image's sources (``linked``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from mbuild.context.follow import LinkTarget, Parts, follow, is_literal, literal_start, parts_of, text_of
from mbuild.context.lookup import Lookup
from mbuild.context.reach import Wild
from mbuild.context.select import excludes_of
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.dockerfile.model import Read
from mbuild.graph.inputs import included
from mbuild.graph.outline import Outline
from mbuild.images import ImageDef
from mbuild.tree import Entry


class Hit(NamedTuple):
    """A read: by number its image, the place (of ``Outline.places``), and the read there.

    excludes: number of what ``--exclude`` takes away, -1 for nothing.
    """

    image: int
    place: int
    read: int
    excludes: int


class Room(NamedTuple):
    """A place of an image: the number of its rules, and whether one of its sources passes a link."""

    rules: int
    linked: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What keeps paths out of a context root: the lines of an ignore file and ``exclude``, then ``include``."""

    root: str
    lines: tuple[tuple[str, int], ...]
    include: tuple[str, ...]


class Cover(NamedTuple):
    """A path is covered by a read. root: the folder or file it is covered by, from the git root."""

    hit: Hit
    root: str
    deep: bool


@dataclass(slots=True)
class Index:
    """The readers of all paths at one tree.

    names:   of the images, by number. rooms: of each image, by place.
    literal: sources by path, from the git root; wild: sources with wildcards by the folder before the first one.
    defining: paths of Dockerfiles and ignore files.
    """

    names: list[str] = field(default_factory=list)
    rooms: list[list[Room]] = field(default_factory=list)
    literal: dict[str, list[Hit]] = field(default_factory=dict)
    wild: dict[str, list[tuple[Parts, Hit]]] = field(default_factory=dict)
    rules: list[Rules] = field(default_factory=list)
    excludes: list[tuple[str, ...]] = field(default_factory=list)
    defining: set[str] = field(default_factory=set)
    _keepers: dict[int, Keeper] = field(default_factory=dict)
    _excluders: dict[int, IgnoreMatcher] = field(default_factory=dict)
    _wilds: dict[Parts, Wild] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def covering(self, path: str) -> Iterator[Cover]:
        """Yield every read that covers a path, ignore files and ``--exclude`` aside."""
        for start in _upward(path):
            for hit in self.literal.get(start, ()):
                yield Cover(hit, start, deep=False)
            for parts, hit in self.wild.get(start, ()):
                context = self.rules[self.rooms[hit.image][hit.place].rules].root
                wild = self._wild(parts)
                root = wild.root(inside(context, path))
                if root is not None:
                    yield Cover(hit, f"{context}/{root}" if context else root, wild.deep)

    def _wild(self, parts: Parts) -> Wild:
        if parts not in self._wilds:
            self._wilds[parts] = Wild(parts)
        return self._wilds[parts]

    def number(self, name: str) -> int:
        """Return the number of an image."""
        if not self._numbers:
            self._numbers.update((each, number) for number, each in enumerate(self.names))
        return self._numbers[name]

    def rules_of(self, name: str) -> list[Rules]:
        """Return the rules of each place of an image."""
        return [self.rules[room.rules] for room in self.rooms[self.number(name)]]

    def near(self, path: str) -> set[int]:
        """Return the images for which it matters what kind of thing is at a path: it is on the way of a source."""
        below = f"{path}/"
        found = {hit.image for start, hits in self.literal.items() if f"{start}/".startswith(below) for hit in hits}
        for start, pairs in self.wild.items():
            if f"{start}/".startswith(below) or not start or below.startswith(f"{start}/"):
                found.update(hit.image for _, hit in pairs)
        return found

    def room(self, hit: Hit) -> Room:
        """Return the place that a read is of."""
        return self.rooms[hit.image][hit.place]

    def keeps(self, cover: Cover, path: str) -> bool:
        """Tell whether a covered path is taken: neither ignored, nor excluded, nor left out by ``include``."""
        hit = cover.hit
        narrowed = hit.excludes >= 0 and path != cover.root and not cover.deep
        if narrowed and self._excluder(hit.excludes).ignored(inside(cover.root, path)):
            return False
        return self.keeper(self.room(hit).rules).keeps(path)

    def keeper(self, number: int) -> Keeper:
        """Return the rules of a place, ready for use."""
        if number not in self._keepers:
            self._keepers[number] = Keeper(self.rules[number])
        return self._keepers[number]

    def _excluder(self, number: int) -> IgnoreMatcher:
        if number not in self._excluders:
            self._excluders[number] = IgnoreMatcher(IgnoreLine(each, 0) for each in self.excludes[number])
        return self._excluders[number]

    def reads(self, path: str, *, submodule: bool = False) -> bool:
        """Tell whether any image takes a path, or (of a submodule) may take something in it."""
        return any(self.keeps(cover, path) for cover in self.covering(path)) or (submodule and bool(self.near(path)))


class Keeper:
    """Tells which paths of a context root are neither ignored nor left out. Paths are from the git root."""

    def __init__(self, rules: Rules) -> None:
        """Compile the rules, which have been found sound before."""
        self._rules = rules
        self._known: dict[str, bool] = {}

    @cached_property
    def _ignore(self) -> IgnoreMatcher:
        return IgnoreMatcher(IgnoreLine(*each) for each in self._rules.lines)

    @cached_property
    def _include(self) -> IgnoreMatcher:
        return included(self._rules.include)

    def keeps(self, path: str) -> bool:
        """Tell whether a path is part of the context."""
        if path not in self._known:
            relative = inside(self._rules.root, path)
            kept = not (self._rules.lines and self._ignore.ignored(relative))
            self._known[path] = kept and not (self._rules.include and not self._include.ignored(relative))
        return self._known[path]

    @property
    def narrowed(self) -> bool:
        """Whether ``include`` narrows the context: then no empty folders are part of it."""
        return bool(self._rules.include)


def inside(folder: str, path: str) -> str:
    """Return a path relative to a folder that it lies in."""
    return path[len(folder) + 1 :] if folder else path


def _upward(path: str) -> Iterator[str]:
    """Yield a path and every folder above it, the git root ("") last."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


class Links:
    """The links of a tree, as far as sources may lead through them.

    entries: every link of the tree, sorted by path. target: where one points.
    """

    def __init__(self, entries: Iterable[Entry], target: Callable[[Entry], str]) -> None:
        """Take the links of a whole tree."""
        self._all = tuple(entries)
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


def build_index(
    images: Sequence[tuple[ImageDef, Outline]],
    links: Links,
    lines_of: Callable[[ImageDef, Outline, int], tuple[IgnoreLine, ...]],
) -> Index:
    """Return the index of images, which are sorted by name.

    lines_of: gives the lines of the ignore file and of ``exclude`` that hold for a place, by its number.
    """
    index = Index()
    filing = _Filing(index, links)
    for number, (definition, outline) in enumerate(images):
        index.names.append(definition.name)
        index.rooms.append([])
        index.defining.add(definition.dockerfile)
        for place, where in enumerate(outline.places):
            index.defining.add(where.ignore)
            lines = tuple((each.pattern, each.line) for each in lines_of(definition, outline, place))
            rules = filing.rules(Rules(where.root, lines, () if where.context else definition.include))
            reads = outline.reads_of(where.context)
            linked = [filing.file(where.root, read, Hit(number, place, at, -1)) for at, read in enumerate(reads)]
            index.rooms[number].append(Room(rules, any(linked)))
    index.defining.discard("")
    return index


@dataclass(slots=True)
class _Filing:
    """Files reads in an index."""

    index: Index
    links: Links
    _rules: dict[Rules, int] = field(default_factory=dict)
    _excludes: dict[tuple[str, ...], int] = field(default_factory=dict)

    def rules(self, rules: Rules) -> int:
        """Return the number of rules; equal ones have one."""
        if rules not in self._rules:
            self._rules[rules] = len(self.index.rules)
            self.index.rules.append(rules)
        return self._rules[rules]

    def file(self, root: str, read: Read, hit: Hit) -> bool:
        """File the sources of a read; return whether one of them passes a link."""
        links = self.links.below(root)
        linked = False
        narrowed = hit._replace(excludes=self._number(read)) if read.excludes else hit
        for source in read.sources:
            parts = parts_of(source)
            if links is None:
                self._add(root, parts, narrowed)
                continue
            followed = follow(parts, links, self.links.target(root))
            linked = linked or not followed.direct
            for needed in followed.needed:
                self._add(root, needed, narrowed if followed.direct else hit)
        return linked

    def _number(self, read: Read) -> int:
        if excludes_of(read) is None:
            return -1
        if read.excludes not in self._excludes:
            self._excludes[read.excludes] = len(self.index.excludes)
            self.index.excludes.append(read.excludes)
        return self._excludes[read.excludes]

    def _add(self, root: str, parts: Parts, hit: Hit) -> None:
        if is_literal(parts):
            self.index.literal.setdefault(_joined(root, text_of(parts)), []).append(hit)
        else:
            self.index.wild.setdefault(_joined(root, text_of(literal_start(parts))), []).append((parts, hit))


def _joined(root: str, path: str) -> str:
    return "/".join(each for each in (root, path) if each)
