"""The images that a build.yaml defines, remembered by its content and by what ``discover`` finds.

All that a project depends on is in the key: the file's bytes, how it is named and where it lies, and the paths of the
tree that its patterns match. A file in which something is wrong is read again every time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.config.discover import TreePaths
    from mbuild.errors import Problem
    from mbuild.graph.defined import Definitions
    from mbuild.images import Project
    from mbuild.store.cache import Cache


@dataclass(frozen=True, slots=True)
class Stated:
    """What a build.yaml says that graphs are made of. discover, notes, read: as in ``Project``."""

    definitions: Definitions
    discover: tuple[str, ...]
    notes: tuple[Problem, ...] = ()
    read: frozenset[str] | None = None


def stated(project: Project) -> Stated:
    """Return what graphs are made of."""
    from mbuild.graph.defined import Defined

    return Stated(Defined(project.images), project.discover, project.notes, project.read)


@dataclass(frozen=True, slots=True)
class BuildFile:
    """Reads a build.yaml. text: its bytes. shown, folder, path: as ``mbuild.config.load.load`` takes them.

    tree_id: returns what tells all paths below a folder; None: nothing does so quickly.
    """

    text: bytes
    shown: str
    folder: str
    path: str
    tree_paths: TreePaths
    tree_id: Callable[[str], str | None] = lambda _: None

    def load(self) -> Project:
        """Return the project. Raises ConfigError."""
        from mbuild.config.load import load

        return load(self.text, shown=self.shown, folder=self.folder, tree_paths=self.tree_paths, path=self.path)

    def remembered(self, cache: Cache) -> Stated:
        """Return what it says, from the cache where it is there. Raises ConfigError."""
        if cache.folder is None:
            return stated(self.load())
        key = _digest(hashlib.sha256(self.text).hexdigest(), self.shown, self.folder, self.path)
        patterns = _patterns(cache.get("discover", key))
        if patterns is not None:
            found = _decoded(cache.get("project", self._key(key, patterns, cache)))
            if found is not None:
                return found
        found = stated(self.load())
        self._remember(cache, key, found)
        return found

    def _remember(self, cache: Cache, key: str, found: Stated) -> None:
        from mbuild.graph.defined import freeze_definitions

        if found.notes:
            return
        cache.put("discover", key, json.dumps(found.discover).encode())
        cache.put(
            "project", self._key(key, found.discover, cache), freeze_definitions(found.definitions, found.discover)
        )

    def _key(self, key: str, patterns: Sequence[str], cache: Cache) -> str:
        """Return the key of a project: what its patterns match is all that it takes from the tree."""
        return _digest(key, [self._matching(each, cache) for each in patterns])

    def _matching(self, pattern: str, cache: Cache) -> Sequence[str]:
        """Return what a pattern matches. To look through a folder takes longer than to ask whether it has changed."""
        from mbuild.config.globs import below, matching

        where = below(pattern)
        there = self.tree_id(where.folder)
        key = _digest(pattern, there) if there else ""
        known = cache.get("matches", key) if key else None
        if known is not None:
            return [str(each) for each in json.loads(known)]
        found = sorted(matching(pattern, self.tree_paths(where)))
        if key:
            cache.put("matches", key, json.dumps(found).encode())
        return found


def _patterns(raw: bytes | None) -> Sequence[str] | None:
    return None if raw is None else [str(each) for each in json.loads(raw)]


def _decoded(raw: bytes | None) -> Stated | None:
    if raw is None:
        return None
    from mbuild.graph.defined import thaw_definitions

    definitions, discover = thaw_definitions(raw)
    return Stated(definitions, tuple(discover))


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()
