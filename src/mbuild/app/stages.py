"""Whole context roots of a tree on disk, for builds that are given everything."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.together import ask_for
from mbuild.context.source import ContextSource
from mbuild.context.stage import stage
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.tree import SUBMODULE, Entry

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree
    from mbuild.graph.node import Graph, Node
    from mbuild.graph.outline import Place

IGNORE_FILE = ".dockerignore"


@dataclass(slots=True)
class Stages:
    """The context roots of one tree below a folder of their own.

    label: begins the names of the folders that builders are given; BuildKit keeps what it was sent by that name.
    """

    tree: AnyTree
    graph: Graph
    folder: Path
    label: str
    epoch: int
    _known: dict[tuple[str, tuple[str, ...]], Path] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def context(self, root: str, include: tuple[str, ...] = ()) -> Path:
        """Return a folder with everything below a context root; of what ``include`` names, where that is given."""
        with self._lock:
            key = (root, include)
            if key not in self._known:
                self._known[key] = self._linked(self._staged(root, include))
            return self._known[key]

    def _staged(self, root: str, include: tuple[str, ...]) -> Path:
        target = self.folder / f"{next(self._count)}"
        entries = tuple(included(everything(self.tree, root), root, include))
        ask_for(self.tree, entries)
        stage(ContextSource(self.tree, root, entries), target, epoch=self.epoch)
        return target

    def _linked(self, target: Path) -> Path:
        link = self.folder / f"{self.label}-{next(self._count)}"
        link.symlink_to(target, target_is_directory=True)
        return link

    def dockerfile(self, node: Node) -> Path:
        """Return a copy of an image's Dockerfile in a folder of its own, its ignore file beside it."""
        with self._lock:
            folder = self.folder / f"{next(self._count)}"
        folder.mkdir()
        path = folder / "Dockerfile"
        path.write_bytes(self.tree.read(node.dockerfile))
        ignore = self._ignore(node)
        if ignore is not None:
            (folder / f"Dockerfile{IGNORE_FILE}").write_bytes(ignore)
        return path

    def _ignore(self, node: Node) -> bytes | None:
        """Return the ignore file that has to lie beside the Dockerfile; None: that of the context root counts."""
        definition, files = node.definition, self.graph.workshop.places
        found = files.file(f"{definition.dockerfile}{IGNORE_FILE}")
        if found is None and not definition.exclude and not definition.include:
            return None
        root = main_place(node).root
        found = found or files.file(f"{root}/{IGNORE_FILE}" if root else IGNORE_FILE)
        lines = "".join(f"{each}\n" for each in definition.exclude).encode("utf-8", "surrogateescape")
        return (self.tree.read(found) if found else b"# nothing") + b"\n" + lines


def main_place(node: Node) -> Place:
    """Return where the build's own context lies."""
    return next(each for each in node.outline.places if not each.context)


def everything(tree: AnyTree, root: str) -> tuple[Entry, ...]:
    """Return all entries below a context root, those in submodules aside: they are in other repositories."""
    return tuple(each for each in tree.below(root) if each.mode != SUBMODULE)


def included(entries: Iterable[Entry], root: str, patterns: tuple[str, ...]) -> Iterable[Entry]:
    """Return the entries that ``include`` names: all where there is none. Paths are from the git root."""
    if not patterns:
        return entries
    matcher = IgnoreMatcher(IgnoreLine(each, 0) for each in patterns)
    skip = len(root) + 1 if root else 0
    return (each for each in entries if matcher.ignored(each.path[skip:]))
