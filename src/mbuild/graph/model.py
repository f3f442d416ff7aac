"""The values of the image graph at one tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mbuild.dockerfile.model import Doubt, Read, Recipe
from mbuild.errors import Where
from mbuild.images import ImageDef
from mbuild.tree import Entry


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` uses ``parent``; kind: ``from``, ``copy``, ``mount``, ``context`` or ``declared``.

    name: how the child refers to it (a reference or a named context), "" for ``declared``.
    """

    child: str
    parent: str
    kind: str
    name: str
    where: Where | None


@dataclass(frozen=True, slots=True)
class ContextUse:
    """What an image reads from one folder.

    name:    "" for the build's context, else the named context.
    root:    the folder, from the git root.
    entries: sorted; paths are relative to ``root``. folders: that must exist although nothing in them is read.
    ignore:  path of the ignore file in force, from the git root, or "".
    whole:   everything under the root that is not ignored is read.
    """

    name: str
    root: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    ignore: str = ""
    whole: bool = False

    def path(self, entry: Entry) -> str:
        """Return the entry's path from the git root."""
        return f"{self.root}/{entry.path}" if self.root else entry.path


@dataclass(frozen=True, slots=True)
class Missing:
    """A source that nothing in the context matches: the build would fail."""

    source: str
    context: str
    where: Where


@dataclass(frozen=True, slots=True)
class Node:
    """One image at one tree.

    recipes:  one for each platform. dockerfile: the Dockerfile's entry in the tree.
    doubts:   not empty: the reads are not exact and the whole context root is the input.
    identity: digest of all that can change the image, parents aside; fingerprint: with the parents' fingerprints.
    """

    definition: ImageDef
    dockerfile: Entry
    recipes: tuple[Recipe, ...]
    reads: tuple[Read, ...]
    contexts: tuple[ContextUse, ...]
    edges: tuple[Edge, ...]
    external: tuple[tuple[str, Where | None], ...]
    missing: tuple[Missing, ...]
    doubts: tuple[Doubt, ...]
    identity: str
    fingerprint: str

    @property
    def name(self) -> str:
        """The image's name."""
        return self.definition.name

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the images of this repository that it uses, sorted."""
        return tuple(sorted({edge.parent for edge in self.edges}))

    @property
    def exact(self) -> bool:
        """Whether its inputs are known exactly."""
        return not self.doubts


@dataclass(frozen=True, slots=True)
class Graph:
    """All images at one tree. ``order`` has parents before children, and is otherwise sorted by name."""

    nodes: Mapping[str, Node]
    order: tuple[str, ...]

    def children(self) -> dict[str, set[str]]:
        """Return for each image the images that use it directly."""
        found: dict[str, set[str]] = {name: set() for name in self.nodes}
        for node in self.nodes.values():
            for parent in node.parents:
                found[parent].add(node.name)
        return found
