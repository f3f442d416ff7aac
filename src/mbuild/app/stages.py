"""Whole context roots of a tree on disk, for builds that are given everything."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.checkouts import from_objects
from mbuild.app.together import ask_for
from mbuild.context.source import ContextSource
from mbuild.context.stage import stage
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.git.conversions import Conversions
from mbuild.git.trees import EmptyTree
from mbuild.tree import EXECUTABLE, SUBMODULE, Entry
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree
    from mbuild.graph.node import Graph, Node
    from mbuild.graph.outline import Place
    from mbuild.tree import Tree

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
    _conversions: Conversions | None = None
    _known: dict[str, Path] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Find out whether anything in the tree may be converted."""
        if not isinstance(self.tree, EmptyTree):
            self._conversions = Conversions(self.tree.repository, self.graph.workshop.attributes.files) or None

    def context(self, root: str) -> Path:
        """Return a folder with everything below a context root."""
        with self._lock:
            if root not in self._known:
                self._known[root] = self._staged(root, everything(self.tree, root))
            return self._known[root]

    def main_context(self, node: Node) -> Path:
        """Return the folder that is the build's own context; with ``include``, what that and ignore files leave."""
        place = main_place(node)
        if not node.definition.include:
            return self.context(place.root)
        with self._lock:
            return self._staged(place.root, kept(self.graph, node, place)[0])

    def _staged(self, root: str, entries: tuple[Entry, ...]) -> Path:
        ask_for(self.tree, entries)
        target = self.folder / f"{next(self._count)}"
        stage(ContextSource(self.tree, root, entries), target, epoch=self.epoch)
        skip = len(root) + 1 if root else 0
        with self._checked_out(entries) as files:
            for entry, file in files:
                file.chmod(0o755 if entry.mode == EXECUTABLE else 0o644)
                os.utime(file, (self.epoch, self.epoch))
                file.replace(target / entry.path[skip:])
        return self._linked(target)

    def converted(self, entries: Iterable[Entry]) -> list[tuple[Entry, str]]:
        """Return those that are other content in a checkout than where they come from, each with what does that."""
        return list(self._conversions.of(from_objects(self.tree, entries))) if self._conversions else []

    @contextlib.contextmanager
    def _checked_out(self, entries: Iterable[Entry]) -> Iterator[list[tuple[Entry, Path]]]:
        """Yield those, and files as a checkout has them."""
        found = [entry for entry, _ in self.converted(entries)]
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            if found and self._conversions:
                self._conversions.check_out(found, Path(folder))
            yield [(each, Path(folder) / each.path) for each in found]

    def _read(self, entry: Entry) -> bytes:
        with self._checked_out([entry]) as files:
            return files[0][1].read_bytes() if files else self.tree.read(entry)

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
        path.write_bytes(self._read(node.dockerfile))
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
        return (self._read(found) if found else b"# nothing") + b"\n" + lines


def main_place(node: Node) -> Place:
    """Return where the build's own context lies."""
    return next(each for each in node.outline.places if not each.context)


def everything(tree: Tree, root: str) -> tuple[Entry, ...]:
    """Return all entries below a context root, those in submodules aside: they are in other repositories."""
    return tuple(each for each in tree.below(root) if each.mode != SUBMODULE)


def kept(graph: Graph, node: Node, place: Place) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return what of a context ignore file, ``include`` and ``exclude`` leave, as mbuild reads these.

    First the entries, then the folders, relative to the context root, that are there although nothing in them may be.
    """
    matcher, include = graph.workshop.places.matcher(node.definition, place), node.definition.include
    skip = len(place.root) + 1 if place.root else 0

    def stays(path: str) -> bool:
        return matcher is None or not matcher.ignored(path)

    found = everything(graph.workshop.tree, place.root)
    entries = tuple(each for each in found if stays(each.path[skip:]))
    if include and not place.context:
        named = IgnoreMatcher(IgnoreLine(each, 0) for each in include)
        return tuple(each for each in entries if named.ignored(each.path[skip:])), ()
    folders = sorted(each for each in _folders_above(each.path[skip:] for each in found) if stays(each))
    return entries, tuple(folders)


def _folders_above(paths: Iterable[str]) -> set[str]:
    """Return the folders that paths lie in, the context root aside."""
    parts = (each.split("/")[:-1] for each in paths)
    return {"/".join(each[:length]) for each in parts for length in range(1, len(each) + 1)}
