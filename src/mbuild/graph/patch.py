"""The graph after a change that alters the outlines of few images: the others are not even decoded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from mbuild.errors import Problem
from mbuild.graph.build import looked_for
from mbuild.graph.defined import Definitions
from mbuild.graph.images import PatchedImages, Source, constant
from mbuild.graph.node import Graph
from mbuild.graph.outline import Outline
from mbuild.graph.outlines import Outliner
from mbuild.graph.workshop import Workshop
from mbuild.images import ImageDef


def patched(base: Graph, shop: Workshop, touched: Iterable[str]) -> Graph | None:
    """Return the graph at the tree of ``shop``, where images are defined as at the base and links lead as there.

    touched: the images whose own outline may be another one.
    None:    an image is wrong or uses others than before, so that all have to be looked at.
    """
    fresh = _outlined(base, shop, sorted(touched))
    if fresh is None or any(_parents(own) != base.images.summary(name).parents for name, own in fresh.items()):
        return None
    sources = {name: Source(base.images.source(name).definition, constant(own)) for name, own in fresh.items()}
    return Graph(base.order, PatchedImages(base.images, sources), shop, patch=(base.index, frozenset(fresh)))


def _outlined(base: Graph, shop: Workshop, touched: Collection[str]) -> Mapping[str, Outline] | None:
    """Return the outlines of images, and of those that take over from them what was not so before."""
    problems: list[Problem] = []
    definitions = _ByName(shop.definitions, base.nodes)
    known = _AllBut(base.nodes, touched)
    outliner = Outliner(definitions, shop.recipes, shop.places, problems, base.nodes, known)
    waiting: Collection[str] = touched
    while waiting:
        shop.tree.expect({path for name in waiting for path in looked_for(definitions[name])})
        outliner.outline(waiting)
        if problems:
            return None
        altered = {name for name in waiting if name in outliner.fresh and outliner.hands_on_otherwise(name)}
        waiting = [name for name in base.nodes if altered and not altered.isdisjoint(base.images.parents(name))]
    return outliner.fresh


def _parents(own: Outline) -> tuple[str, ...]:
    return tuple(sorted({edge.parent for edge in own.edges}))


class _ByName(Mapping[str, ImageDef]):
    """Definitions, each of them made when it is asked for. nodes: the names that there are."""

    def __init__(self, definitions: Definitions, nodes: Mapping[str, object]) -> None:
        self._definitions = definitions
        self._nodes = nodes

    def __getitem__(self, name: str) -> ImageDef:
        return self._definitions.of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes


class _AllBut(Collection[str]):
    """The names of a mapping, some of them left out."""

    def __init__(self, names: Mapping[str, object], without: Collection[str]) -> None:
        self._names = names
        self._without = frozenset(without)

    def __contains__(self, name: object) -> bool:
        return name in self._names and name not in self._without

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name not in self._without)

    def __len__(self) -> int:
        return len(self._names) - len(self._without)
