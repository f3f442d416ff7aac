"""The images that a build.yaml defines, remembered by its content and by what ``discover`` finds.

All that a project depends on is in the key: the file's bytes, how it is named and where it lies, and the paths of the
tree that its patterns match. A file in which something is wrong is read again every time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.config.discover import TreePaths
    from mbuild.images import Project
    from mbuild.store.cache import Cache


@dataclass(frozen=True, slots=True)
class Definitions:
    """Reads a build.yaml. text: its bytes. shown, folder, path: as ``mbuild.config.load.load`` takes them."""

    text: bytes
    shown: str
    folder: str
    path: str
    tree_paths: TreePaths

    def load(self) -> Project:
        """Return the project. Raises ConfigError."""
        from mbuild.config.load import load

        return load(self.text, shown=self.shown, folder=self.folder, tree_paths=self.tree_paths, path=self.path)

    def remembered(self, cache: Cache) -> Project:
        """Return the same as ``load``, from the cache where it is there. Raises ConfigError."""
        if cache.folder is None:
            return self.load()
        key = _digest(hashlib.sha256(self.text).hexdigest(), self.shown, self.folder, self.path)
        patterns = _patterns(cache.get("discover", key))
        if patterns is not None:
            found = _decoded(cache.get("project", self._key(key, patterns)))
            if found is not None:
                return found
        project = self.load()
        self._remember(cache, key, project)
        return project

    def _remember(self, cache: Cache, key: str, project: Project) -> None:
        from mbuild.store.codec import encode

        if project.notes:
            return
        cache.put("discover", key, json.dumps(project.discover).encode())
        cache.put("project", self._key(key, project.discover), json.dumps(encode(project)).encode())

    def _key(self, key: str, patterns: Sequence[str]) -> str:
        """Return the key of a project: what its patterns match is all that it takes from the tree."""
        from mbuild.config.globs import first_folder, matching

        found = [sorted(matching(each, self.tree_paths(first_folder(each)))) for each in patterns]
        return _digest(key, found)


def _patterns(raw: bytes | None) -> Sequence[str] | None:
    return None if raw is None else [str(each) for each in json.loads(raw)]


def _decoded(raw: bytes | None) -> Project | None:
    from mbuild.images import Project
    from mbuild.store.codec import decode

    return None if raw is None else decode(Project, json.loads(raw))


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()
