"""What a graph knows of its images, wherever that comes from. Graphs of trees that define them alike share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from mbuild.errors import Where
    from mbuild.graph.outline import Outline
    from mbuild.images import ImageDef


class Source(NamedTuple):
    """Where the definition and the outline of an image come from. Two that are the same object give the same value."""

    definition: Callable[[], ImageDef]
    outline: Callable[[], Outline]


class Summary(NamedTuple):
    """What every answer says of an image. Paths are from the git root; parents are sorted."""

    dockerfile: str
    context_root: str
    target: str | None
    platforms: tuple[str, ...]
    parents: tuple[str, ...]


class Images(Protocol):
    """What is known of the images of a graph, wherever it comes from. Two graphs that share it are defined alike."""

    @property
    def names(self) -> Sequence[str]:
        """The names, sorted."""
        ...

    def summary(self, name: str) -> Summary:
        """Return what every answer says of an image. Raises KeyError."""
        ...

    def parents(self, name: str) -> Sequence[str]:
        """Return the images that an image uses."""
        ...

    def uses(self, name: str) -> Sequence[tuple[str, Where | None]]:
        """Return the images that an image uses, sorted, each with the place of its first use."""
        ...

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from: the same object every time."""
        ...


class BuiltImages:
    """Images that were outlined in this run."""

    def __init__(self, found: Mapping[str, tuple[Summary, Source]]) -> None:
        """Take what is known of each image."""
        self.names = sorted(found)
        self._found = found

    def summary(self, name: str) -> Summary:
        """Return what every answer says of an image."""
        return self._found[name][0]

    def parents(self, name: str) -> Sequence[str]:
        """Return the images that an image uses."""
        return self._found[name][0].parents

    def uses(self, name: str) -> Sequence[tuple[str, Where | None]]:
        """Return the images that an image uses, sorted, each with the place of its first use."""
        return uses(self._found[name][1].outline())

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from."""
        return self._found[name][1]


def uses(outline: Outline) -> Sequence[tuple[str, Where | None]]:
    """Return the images that an image uses, in the order of its edges, each with the place of its first use."""
    found: dict[str, Where | None] = {}
    for edge in outline.edges:
        found.setdefault(edge.parent, edge.where)
    return list(found.items())
