"""Which entries a source covers. Rules: tonistiigi/fsutil `filter.go`, with patterns of moby/patternmatcher."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mbuild.context.follow import Part, Parts, literal_start, text_of
from mbuild.context.lookup import Lookup
from mbuild.dockerfile.ignorepattern import Union, compile_pattern
from mbuild.tree import SUBMODULE


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


def check(parts: Parts) -> None:
    """Raise PatternError for a component that BuildKit refuses as a pattern."""
    for part in parts:
        if part.wild:
            compile_pattern(part.text)


def regions(parts: Parts, lookup: Lookup) -> list[Region]:
    """Return what one path covers: its entry, all below it, or the submodule it lies in. Raises PatternError."""
    if any(part.wild and "**" in part.text for part in parts):
        return _by_pattern(parts, lookup)
    return [region for path in _roots(parts, lookup) for region in _literal(path, lookup)]


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
            yield path if lookup.is_there(path) else _submodule_above(path, lookup) or path
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


def _submodule_above(path: str, lookup: Lookup) -> str | None:
    at = path.find("/")
    while at >= 0:
        entry = lookup.entry(path[:at])
        if entry is not None:
            return entry.path if entry.mode == SUBMODULE else None
        at = path.find("/", at + 1)
    return None


def _by_pattern(parts: Parts, lookup: Lookup) -> list[Region]:
    """Compare everything below the first wildcard: ``**`` may stand for any number of components."""
    pattern = Below("/".join(escaped(part) for part in parts))
    folder = text_of(literal_start(parts))
    if folder and not lookup.below(folder):
        above = _submodule_above(f"{folder}/.", lookup)
        return list(_literal(above, lookup)) if above else []
    found = []
    for position in lookup.below(folder):
        entry = lookup.listing[position]
        inside = entry.mode == SUBMODULE and pattern.may_have_below(entry.path)
        if inside or pattern.has(entry.path):
            found.append(position)
    return [Region(folder, found, pattern)] if found else []


def escaped(part: Part) -> str:
    """Return a component as a pattern."""
    return part.text if part.wild else re.sub(r"([*?\[\\])", r"\\\1", part.text)
