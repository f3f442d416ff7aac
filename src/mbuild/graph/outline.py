"""What is known of an image before the files of the tree are listed: what its definition and its Dockerfile say.

Most questions about a change are answered from outlines alone; the files that an image takes are looked at only where
it may be affected (``graph.node``).
"""

from __future__ import annotations

from collections.abc import Iterator

from mbuild.dockerfile.model import Doubt, Inherited, Read
from mbuild.errors import Where
from mbuild.images import ImageDef
from mbuild.tree import Entry
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` uses ``parent``; kind: ``from``, ``copy``, ``mount``, ``syntax``, ``context`` or ``declared``.

    name: how the child refers to it (a reference or a named context), "" for ``declared``.
    """

    child: str
    parent: str
    kind: str
    name: str
    where: Where | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where one context of an image lies.

    context: "" for the build's context, else the named context.
    root:    its folder from the git root, links followed.
    ignore:  path of the ignore file in force, "" for none; lines: the file it leads to, links followed.
    sought:  where links led to on the search for it, and no file was there.
    """

    context: str
    root: str
    ignore: str = ""
    lines: Entry | None = None
    sought: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """One image at one tree, its files aside.

    dockerfile: the Dockerfile's entry in the tree, links followed.
    meaning:    digest of all that can change the image but its files and its parents.
    doubts:     not empty: the reads are not exact and the whole context root is the input.
    external:   external images with the place of their first use, sorted.
    inherited:  for each platform, what a child takes over.
    names:      every name that was looked up, with the image of this repository it meant, "" for none.
    """

    dockerfile: Entry
    meaning: str
    reads: tuple[Read, ...]
    doubts: tuple[Doubt, ...]
    places: tuple[Place, ...]
    edges: tuple[Edge, ...]
    external: tuple[tuple[str, Where | None], ...]
    inherited: tuple[Inherited, ...]
    names: tuple[tuple[str, str], ...]

    def reads_of(self, context: str) -> tuple[Read, ...]:
        """Return what is read from one context; all of its root where the Dockerfile is not read exactly."""
        mine = tuple(read for read in self.reads if read.context == context)
        if not self.doubts:
            return mine
        first = mine[0] if mine else Read(context, "COPY", ("/",), self.doubts[0].where)
        return (Read(context, first.keyword, ("/",), first.where),)

    def defining(self, definition: ImageDef) -> set[str]:
        """Return the Dockerfile and the ignore files, each as it is named and where links lead from there."""
        found = {definition.dockerfile, self.dockerfile.path}
        for place in self.places:
            if place.lines is not None:
                found.update((place.ignore, place.lines.path))
        return found

    def watched(self, definition: ImageDef) -> Iterator[str]:
        """Yield the paths at which a change may make the outline another one, links on the way aside."""
        yield definition.dockerfile
        yield self.dockerfile.path
        yield f"{definition.dockerfile}.dockerignore"
        for place in self.places:
            yield f"{place.root}/.dockerignore" if place.root else ".dockerignore"
            if place.lines is not None:
                yield place.lines.path
            yield from place.sought
