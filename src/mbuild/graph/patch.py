"""The graph after a change that alters few definitions or outlines: the others are not even decoded."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping

from mbuild.graph.build import looked_for, summary
from mbuild.graph.defined import Definitions
from mbuild.graph.images import Images, Known, PatchedImages, constant
from mbuild.graph.node import Graph
from mbuild.graph.order import in_order
from mbuild.graph.outline import Outline
from mbuild.graph.outlines import Outliner
from mbuild.graph.workshop import Workshop
from mbuild.images import ImageDef


def patched(base: Graph, shop: Workshop, altered: Iterable[str]) -> Graph | None:
    """Return the graph at the tree of ``shop``, where links lead as at the base, with the definitions of ``shop``.

    altered: the images whose own outline may be another one.
    None:    something is wrong, which is said best by whoever looks at all images.
    """
    now = shop.definitions
    there = frozenset(now.names)
    outlines = _outlined(base, shop, sorted(there.intersection(altered)), there)
    if outlines is None:
        return None
    gone = frozenset(base.nodes).difference(there)
    fresh = {name: (summary(now.of(name), own), constant(own)) for name, own in outlines.items()}
    images = PatchedImages(base.images, now, fresh)
    order = _order(base, images, fresh)
    if len(order) != len(there):
        return None
    return Graph(order, images, shop, patch=(base.index, gone.union(fresh)))


def _outlined(
    base: Graph, shop: Workshop, altered: Collection[str], there: Collection[str]
) -> Mapping[str, Outline] | None:
    """Return the outlines of images, and of those that take over from them what was not so before."""
    definitions = _ByName(shop.definitions, there)
    outliner = Outliner(definitions, shop.recipes, shop.places, base.nodes, _Known(base.nodes, altered))
    waiting = altered
    while waiting:
        shop.tree.expect({path for name in waiting for path in looked_for(definitions[name])})
        outliner.outline(waiting)
        if outliner.problems:
            return None
        parents = {name for name in waiting if name in outliner.fresh and outliner.hands_on_otherwise(name)}
        waiting = [name for name in there if parents and not parents.isdisjoint(_parents(base.images, name))]
    return outliner.fresh


def _parents(images: Images, name: str) -> Collection[str]:
    """Return the images that an image used; none where it is new."""
    found = images.summaries.get(name)
    return found.parents if found else ()


def _order(base: Graph, images: PatchedImages, fresh: Mapping[str, Known]) -> tuple[str, ...]:
    """Return the order; too short where images need each other in a circle."""
    alike = images.names == base.images.names
    before = base.images.summaries
    if alike and all(own.parents == before[name].parents for name, (own, _) in fresh.items()):
        return tuple(base.order)
    return in_order({name: each.parents for name, each in images.summaries.items()})


class _ByName:
    """Definitions, each of them made when it is asked for."""

    def __init__(self, definitions: Definitions, there: Collection[str]) -> None:
        self._definitions = definitions
        self._there = there

    def __getitem__(self, name: str) -> ImageDef:
        return self._definitions.of(name)

    def __contains__(self, name: object) -> bool:
        return name in self._there


class _Known(Container[str]):
    """The images of a graph whose own outline still holds: all but some."""

    def __init__(self, names: Mapping[str, object], without: Collection[str]) -> None:
        self._names = names
        self._without = frozenset(without)

    def __contains__(self, name: object) -> bool:
        return name in self._names and name not in self._without
