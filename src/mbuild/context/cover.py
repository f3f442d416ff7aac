"""Which entries a source covers. Rules: tonistiigi/fsutil `filter.go`, with patterns of moby/patternmatcher."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from mbuild.context.follow import Parts, literal_start, parts_of, text_of
from mbuild.context.lookup import Lookup
from mbuild.dockerfile.gotext import SPACE
from mbuild.dockerfile.ignorepattern import Union, compile_pattern
from mbuild.tree import SUBMODULE
from mbuild.values import dataclass

# The pattern becomes an expression of Go as a whole. In it a class may match a slash, and so may `**`; the others
# make what is written before the first wildcard mean something else.
_ACROSS_FOLDERS = re.compile(r"\*\*|[\[|{^\\]")
_PATTERN = re.compile(r"[*?\[\\]")
_TWISTED = re.compile(r"[|{^\\]")


class Below:
    """Tells which paths fit a pattern, or lie in a folder that does."""

    def __init__(self, text: str) -> None:
        """Compile the pattern. Raises PatternError."""
        self._pattern = compile_pattern(text)
        self._union = Union((self._pattern,))
        self._folders = {"": False}

    def has(self, path: str) -> bool:
        """Tell whether the path or a folder above it fits."""
        return self._has_folder(path.rpartition("/")[0]) or self._union.matches(path)

    def may_have_below(self, folder: str) -> bool:
        """Tell whether something below a folder could fit."""
        return self._pattern.can_match_below(folder)

    def _has_folder(self, folder: str) -> bool:
        fresh = []
        while folder not in self._folders:
            fresh.append(folder)
            folder = folder.rpartition("/")[0]
        found = self._folders[folder]
        for each in reversed(fresh):
            found = self._folders[each] = found or self._union.matches(each)
        return found


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the listing that is covered.

    root:      the path that everything in it lies at or below; "" is the context root.
    positions: of the entries.
    pattern:   covers only what fits it (a source with ``**``), else None.
    """

    root: str
    positions: Sequence[int]
    pattern: Below | None = None

    def has_folder(self, folder: str) -> bool:
        """Tell whether a folder at or below the root is covered itself, not only something in it."""
        return self.pattern is None or self.pattern.has(folder)


@dataclass(frozen=True, slots=True)
class Sought:
    """What patternmatcher looks for.

    parts:  the components. folder: what is looked for is this, or lies below it; "" is the context root.
    wild:   it is a pattern; deep: one of which a part may stand for several components.
    """

    parts: Parts
    folder: str
    wild: bool = False
    deep: bool = False


def sought(parts: Parts) -> Sought | None:
    """Return what patternmatcher makes of a path; None: nothing can fit.

    The path is a pattern to it. It drops blanks around it, and takes a `!` at its start for an exception.
    """
    text = text_of(parts)
    stripped = text.strip(SPACE)
    if stripped.startswith("!") or (text and not stripped):
        return None
    parts = parts if stripped == text else parts_of(stripped)
    if not _PATTERN.search(stripped):
        # Cleaned once more: with the blank of `a/ ` goes its slash, and all of `a` is sent (`New` of patternmatcher).
        return Sought(parts, posixpath.normpath(stripped) if stripped else "")
    if _ACROSS_FOLDERS.search(stripped):
        twisted = _TWISTED.search(stripped)
        return Sought(parts, "" if twisted else text_of(literal_start(parts)), wild=True, deep=True)
    return Sought(parts, text_of(literal_start(parts)), wild=True)


def may_be_refused(source: str) -> bool:
    """Tell whether BuildKit may refuse a source as a pattern: only one of which a part may match a slash."""
    return _ACROSS_FOLDERS.search(source) is not None


def check(parts: Parts) -> None:
    """Raise PatternError for a path that BuildKit refuses as a pattern."""
    found = sought(parts)
    if found is not None and found.deep:
        compile_pattern(text_of(found.parts))


def regions(parts: Parts, lookup: Lookup) -> list[Region]:
    """Return what one path covers: its entry, all below it, or the submodule it lies in. Raises PatternError."""
    found = sought(parts)
    if found is None:
        return []
    if not found.wild:
        return list(_literal(found_at(found.folder, lookup), lookup))
    if found.deep:
        return _by_pattern(found, lookup)
    return [region for path in _roots(found.parts, lookup) for region in _literal(path, lookup)]


def _literal(path: str, lookup: Lookup) -> Iterator[Region]:
    position = lookup.find(path)
    if position >= 0:
        yield Region(path, (position,))
    inside = lookup.below(path)
    if inside:
        yield Region(path, inside)


def _roots(parts: Parts, lookup: Lookup) -> Iterator[str]:
    """Yield the paths that fit the components: up to the first submodule, whose inside is not listed."""
    waiting = [("", parts)]
    while waiting:
        folder, rest = waiting.pop()
        start = literal_start(rest)
        path = "/".join(text for text in (folder, text_of(start)) if text)
        if len(start) == len(rest):
            yield found_at(path, lookup)
            continue
        union = Union((compile_pattern(rest[len(start)].text),))
        if path and not lookup.below(path):
            yield from filter(None, (_submodule_above(f"{path}/.", lookup),))
            continue
        behind = rest[len(start) + 1 :]
        for name, entry in lookup.children(path):
            if union.matches(name):
                child = f"{path}/{name}" if path else name
                if not behind or entry is None:
                    waiting.append((child, behind))
                elif entry.mode == SUBMODULE:
                    yield child


def found_at(path: str, lookup: Lookup) -> str:
    """Return the path, or that of the submodule it lies in, whose inside is not listed."""
    return path if lookup.is_there(path) else _submodule_above(path, lookup) or path


def _submodule_above(path: str, lookup: Lookup) -> str | None:
    at = path.find("/")
    while at >= 0:
        entry = lookup.entry(path[:at])
        if entry is not None:
            return entry.path if entry.mode == SUBMODULE else None
        at = path.find("/", at + 1)
    return None


def _by_pattern(found: Sought, lookup: Lookup) -> list[Region]:
    """Compare everything below the first wildcard, as one part of the pattern may stand for several components."""
    pattern, folder = Below(text_of(found.parts)), found.folder
    if folder and not lookup.below(folder):
        above = _submodule_above(f"{folder}/.", lookup)
        return list(_literal(above, lookup)) if above else []
    positions = []
    for position in lookup.below(folder):
        entry = lookup.listing[position]
        inside = entry.mode == SUBMODULE and pattern.may_have_below(entry.path)
        if inside or pattern.has(entry.path):
            positions.append(position)
    return [Region(folder, positions, pattern)] if positions else []
