"""The graph after a change, made from the graph before it: only what the change can have altered is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mbuild.changes import Change, odd_entries, scattered_after
from mbuild.errors import DockerfileError, Problem
from mbuild.graph.node import Graph, Node
from mbuild.graph.workshop import Workshop
from mbuild.store.table import whole
from mbuild.tree import SUBMODULE, SYMLINK, is_scattered

if TYPE_CHECKING:
    from mbuild.graph.defined import Definitions
    from mbuild.graph.places import Places
    from mbuild.images import ImageDef
    from mbuild.tree import Tree


def refresh(
    base: Graph,
    definitions: Definitions | None,
    tree: Tree,
    changes: Sequence[Change],
    *,
    problems: list[Problem] | None = None,
) -> Graph:
    """Return the graph at a tree, the same as ``build_graph`` makes.

    base:        a graph without problems. changes: what differs between its tree and ``tree``.
    definitions: of all images at ``tree``; None: they are those of the base.
    problems:    as in ``build_graph``.
    """
    odd = odd_entries(changes)
    linked = any(each.mode in (SYMLINK, SUBMODULE) for each in odd)
    shop = workshop(base, definitions, tree, (lambda: changes) if any(map(is_scattered, odd)) else None)
    altered = {*_touched(base, tree, changes), *_redefined(base, shop.definitions)}
    if definitions is None and not linked and not altered:
        return Graph(base.order, base.images, shop, base.index)
    from mbuild.graph.patch import patched

    found = None if linked else patched(base, shop, altered)
    if found is not None:
        return found
    from mbuild.graph.build import joined

    now = {each.name: each for each in shop.definitions.all()}
    kept = {name: node for name, node in base.nodes.items() if name in now and name not in altered}
    if linked:
        kept = {name: node for name, node in kept.items() if not _has_moved(node, now[name], shop.places)}
    return joined(tuple(now.values()), shop, base.nodes, kept, problems, None if linked else base.index)


def workshop(
    base: Graph, definitions: Definitions | None, tree: Tree, changes: Callable[[], Iterable[Change]] | None
) -> Workshop:
    """Return what a graph works with that is made from another one.

    changes: gives what differs between the two trees; None: nothing scattered does.
    """
    before = base.workshop
    scattered = before.scattered
    if changes is not None:
        scattered = cache(lambda: scattered_after(before.scattered(), changes()))
    return Workshop(definitions or before.definitions, tree, before.native, scattered)


def _touched(base: Graph, tree: Tree, changes: Iterable[Change]) -> Iterator[str]:
    """Yield the images whose Dockerfile, ignore file or context root was changed, links aside."""
    index = base.index
    looked_at = {""}
    for change in changes:
        if numbers := index.watched.get(change.path):
            yield from (index.names[number] for number in numbers)
        folder = "" if change.new is not None else change.path.rpartition("/")[0]
        while folder not in looked_at:
            looked_at.add(folder)
            if folder in index.roots and not tree.folder(folder):
                yield from (index.names[number] for number in index.roots[folder])
            folder = folder.rpartition("/")[0]


def _redefined(base: Graph, now: Definitions) -> Iterator[str]:
    """Yield the images that are new, of which build.yaml says something else, or for which a name means another."""
    before = base.workshop.definitions
    if now is before:
        return
    there = frozenset(before.names)
    yield from (name for name in now.names if name not in there or now.said(name) != before.said(name))
    old, new = before.filed(), now.filed()
    if old == new:
        return
    there = frozenset(now.names)
    for name in {name for name, _ in whole(old).items() ^ whole(new).items()}:
        numbers = base.index.asked.get(name, ())
        yield from (found for number in numbers if (found := base.index.names[number]) in there)


def _has_moved(node: Node, definition: ImageDef, places: Places) -> bool:
    """Whether links lead to another Dockerfile, ignore file or context root now."""
    own = node.outline
    try:
        found = places.of(definition, {place.context for place in own.places})
    except DockerfileError:
        return True
    return found != own.places or places.file(definition.dockerfile) != own.dockerfile
