"""The entries that BuildKit takes from a folder for what a Dockerfile reads. Pure.

Rules: the paths of all reads are united (`dockerfile2llb/convert.go`, `ctxPaths`), links are followed
(tonistiigi/fsutil `followlinks.go`), and then the ignore file takes away (`filter.go`). `COPY --exclude` takes away
only where that is exact: from a source that is reached without a link, and what no other read takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from mbuild.context.cover import Region, check, found_at, may_be_refused, regions, sought
from mbuild.context.follow import LinkTarget, Parts, follow, is_literal, literal_start, parts_of, text_of
from mbuild.context.lookup import Lookup
from mbuild.context.stretches import Stretch, stretches
from mbuild.dockerfile.gomatch import PatternError
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.dockerfile.model import Read
from mbuild.errors import DockerfileError
from mbuild.tree import FILE, SUBMODULE, Entry
from mbuild.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Selection:
    """What is taken from a context; paths are relative to its root.

    entries: sorted by path.
    folders: that exist for BuildKit, sorted: those above the entries, and those that are read and end up empty.
    missing: the sources for which BuildKit fails: names that are not there, and wildcards in a folder of which nothing
             is sent. Other wildcards may match nothing.
    whole:   everything that is not ignored is taken.
    """

    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    missing: tuple[tuple[Read, str], ...] = ()
    whole: bool = False


def select(
    listing: Sequence[Entry], reads: Sequence[Read], ignore: IgnoreMatcher | None, link_target: LinkTarget
) -> Selection:
    """Return what the reads of one context take.

    listing:     all entries of the context root, sorted by path (as ``str`` compares), paths relative to the root.
    reads:       of this context alone.
    link_target: where a link points, as it is written.
    Raises DockerfileError for a wildcard that BuildKit refuses.
    """
    taking = _Taking(Lookup(listing), ignore, link_target)
    for read in reads:
        taking.add(read)
    return taking.result()


def check_wildcards(read: Read) -> None:
    """Raise DockerfileError for a wildcard that BuildKit refuses, whether or not there is a folder to look it up in."""
    for source in read.sources:
        if may_be_refused(source):
            with _named(read, source):
                check(parts_of(source))


@contextmanager
def _named(read: Read, source: str) -> Iterator[None]:
    try:
        yield
    except PatternError as error:
        raise DockerfileError(f"{read.keyword} {source}: {error}", where=read.where) from error


def reader_of(
    path: str, reads: Sequence[Read], listing: Sequence[Entry] = (), link_target: LinkTarget | None = None
) -> tuple[Read, ...]:
    """Return the reads of one context that take a path, ignore file aside.

    With a listing, also those that take it through links; without one, the path is looked at alone.
    """
    lookup = Lookup(listing or (Entry(path, FILE, ""),))
    position = lookup.find(path)
    return tuple(read for read in reads if position in _taken_by(read, lookup, link_target or _no_target))


def _taken_by(read: Read, lookup: Lookup, link_target: LinkTarget) -> list[int]:
    taking = _Taking(lookup, None, link_target)
    taking.add(read)
    return taking.positions()


def _no_target(_: Entry) -> str:
    return ""


@dataclass(slots=True)
class _Taking:
    """Gathers what is taken, read by read.

    taken:    what is covered without exception; narrowed: what is covered except for what a matcher fits.
    searched: the folders in which wildcards are looked up.
    misread:  sources for which BuildKit asks for something else, with the paths it then looks for: see ``_is_misread``.
    stretches: of the whole listing, once they were asked for.
    """

    lookup: Lookup
    ignore: IgnoreMatcher | None
    link_target: LinkTarget
    taken: list[Region] = field(default_factory=list)
    narrowed: list[tuple[Region, IgnoreMatcher]] = field(default_factory=list)
    searched: list[tuple[Read, str, str]] = field(default_factory=list)
    missing: list[tuple[Read, str]] = field(default_factory=list)
    misread: list[tuple[Read, str, Sequence[Parts]]] = field(default_factory=list)
    whole: bool = False
    stretches: list[Stretch] = field(default_factory=list)

    def add(self, read: Read) -> None:
        """Take what one read takes. Raises DockerfileError for a malformed wildcard."""
        excludes = excludes_of(read)
        for source in read.sources:
            with _named(read, source):
                self._add_source(read, source, excludes)

    def _add_source(self, read: Read, source: str, excludes: IgnoreMatcher | None) -> None:
        folder = folder_of(source)
        if folder and _all_inside(self.lookup.listing, folder):
            self._add_folder(read, source, folder, excludes)
            return
        parts = parts_of(source)
        followed = follow(parts, self.lookup, self.link_target)
        found = {path: regions(path, self.lookup) for path in followed.needed}
        for region in (region for each in found.values() for region in each):
            if excludes and followed.direct and region.pattern is None:
                self.narrowed.append((region, excludes))
            else:
                self.taken.append(region)
                self.whole = self.whole or (not region.root and region.pattern is None)
        if not is_literal(parts):
            ways = follow(literal_start(parts), self.lookup, self.link_target).ends
            self.searched += ((read, source, text_of(way)) for way in ways)
        elif any(_is_misread(path) for path in found):
            self.misread.append((read, source, followed.needed))
        elif not all(self._exists(end, found[end]) for end in followed.ends):
            self.missing.append((read, source))

    def _add_folder(self, read: Read, source: str, folder: str, excludes: IgnoreMatcher | None) -> None:
        """Do what ``_add_source`` does where a folder is named, and nothing but what is in it is listed: mostly so."""
        region = Region(folder, range(len(self.lookup.listing)))
        if excludes:
            self.narrowed.append((region, excludes))
        else:
            self.taken.append(region)
        if self.ignore and self.ignore.ignored(folder) and not any(map(self._kept, region.positions)):
            self.missing.append((read, source))

    def _exists(self, path: Parts, found: Sequence[Region]) -> bool:
        """Tell whether BuildKit finds a path: the root, something that is not ignored, or a folder that is not."""
        if not path or any(self._kept(position) for region in found for position in region.positions):
            return True
        folders = (region.root for region in found if isinstance(region.positions, range))
        return any(not (self.ignore and self.ignore.ignored(folder)) for folder in folders)

    def _kept(self, position: int) -> bool:
        if self.ignore is None:
            return True
        entry = self.lookup.listing[position]
        return not self.ignore.ignored(entry.path) or (
            entry.mode == SUBMODULE and self.ignore.may_reinclude_below(entry.path)
        )

    def positions(self) -> list[int]:
        """Return the positions of the entries taken, in order."""
        listing = self.lookup.listing
        covered = range(len(listing)) if self.whole else self._covered()
        if self.ignore is None:
            return list(covered)
        if len(covered) == len(listing):
            taken = [at for stretch, shut in self._stretches(self.ignore) if not shut for at in stretch]
        else:
            taken = list(covered)
        ignored = self.ignore.each_ignored([listing[at].path for at in taken])
        return [at for at, out in zip(taken, ignored, strict=True) if not out or self._kept(at)]

    def _stretches(self, ignore: IgnoreMatcher) -> Sequence[Stretch]:
        if not self.stretches:
            self.stretches.extend(stretches(self.lookup.listing, ignore))
        return self.stretches

    def _covered(self) -> Sequence[int]:
        if len(self.taken) == 1 and not self.narrowed:
            positions = self.taken[0].positions
            return positions if isinstance(positions, range) else sorted(positions)
        found = {position for region in self.taken for position in region.positions}
        for region, excludes in self.narrowed:
            found.update(_not_excluded(region, excludes, self.lookup))
        return sorted(found)

    def result(self) -> Selection:
        """Return the selection."""
        positions = self.positions()
        entries = tuple([self.lookup.listing[position] for position in positions])
        folders = folders_above(entries)
        if self.ignore or self.narrowed:
            taken = set(positions)
            for region in (*self.taken, *(each for each, _ in self.narrowed)):
                self._add_empty(region, taken, folders)
        there = {"", *folders, *(entry.path for entry in entries)} if self.searched or self.misread else set()
        nowhere = ((read, source) for read, source, folder in self.searched if folder not in there)
        unsent = (
            (read, source) for read, source, ends in self.misread if not all(self._is_in(there, each) for each in ends)
        )
        missing = tuple(dict.fromkeys((*self.missing, *unsent, *nowhere)))
        return Selection(entries, tuple(sorted(folders)), missing, self.whole)

    def _is_in(self, there: Collection[str], path: Parts) -> bool:
        """Tell whether a path is there, or a pattern, which a link's target may hold and which need not match."""
        return not is_literal(path) or found_at(text_of(path), self.lookup) in there

    def _add_empty(self, region: Region, positions: set[int], folders: set[str]) -> None:
        """Add the folders of a region that BuildKit sends although nothing in them is sent."""
        looked_at = {""}
        for lowest in self._not_taken(region, positions):
            folder = lowest
            while folder not in looked_at and _is_at_or_below(folder, region.root):
                looked_at.add(folder)
                if region.has_folder(folder) and not (self.ignore and self.ignore.ignored(folder)):
                    folders.update(_up_from(folder))
                folder = folder.rpartition("/")[0]

    def _not_taken(self, region: Region, positions: set[int]) -> Iterator[str]:
        """Yield the folders in which something of a region is that is not taken."""
        listing = self.lookup.listing
        some: Iterable[tuple[Sequence[int], str]] = [(region.positions, "")]
        if self.ignore is not None and len(region.positions) == len(listing):
            some = self._stretches(self.ignore)
        for stretch, shut in some:
            if shut:
                yield shut
            else:
                yield from (listing[at].path.rpartition("/")[0] for at in stretch if at not in positions)


@lru_cache(maxsize=4096)  # many images have the same sources
def folder_of(source: str) -> str:
    """Return the one path that a source stands for where no link is on its way; "" for the root and for patterns."""
    parts = parts_of(source)
    return text_of(parts) if is_literal(parts) and not _is_misread(parts) else ""


def _all_inside(listing: Sequence[Entry], folder: str) -> bool:
    """Tell whether everything in a sorted listing lies in a folder. Then that is one, and no link leads to it."""
    start = f"{folder}/"
    return bool(listing) and listing[0].path.startswith(start) and listing[-1].path.startswith(start)


def _is_misread(path: Parts) -> bool:
    """Whether BuildKit's client asks for another path, or for none, as it asks for patterns (fsutil ``filter.go``).

    What is copied is then there only if something else that is read brings it along.
    """
    found = sought(path)
    return found is None or (not found.wild and found.folder != text_of(path))


def excludes_of(read: Read) -> IgnoreMatcher | None:
    """Return what `--exclude` takes away, or None where that is not sure: `--parents`, `!`, a malformed pattern."""
    if not read.excludes or read.parents or any(each.strip().startswith("!") for each in read.excludes):
        return None
    try:
        return IgnoreMatcher(tuple(IgnoreLine(each, 0) for each in read.excludes))
    except DockerfileError:
        return None


def _not_excluded(region: Region, excludes: IgnoreMatcher, lookup: Lookup) -> Iterable[int]:
    """Yield what stays: patterns are relative to the folder that is copied, and a file copied by its name stays."""
    skip = len(region.root) + 1 if region.root else 0
    for position in region.positions:
        path = lookup.listing[position].path
        if path == region.root or not excludes.ignored(path[skip:]):
            yield position


def folders_above(entries: Iterable[Entry]) -> set[str]:
    """Return the folders that entries lie in, the context root aside."""
    folders: set[str] = set()
    last = ""
    for entry in entries:
        folder = entry.path.rpartition("/")[0]
        if folder != last:
            last = folder
            folders.update(_up_from(folder))
    return folders


def _up_from(folder: str) -> Iterable[str]:
    """Yield a folder and those above it, without the context root."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _is_at_or_below(folder: str, root: str) -> bool:
    return not root or folder == root or folder.startswith(f"{root}/")
