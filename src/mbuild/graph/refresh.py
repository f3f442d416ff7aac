"""The graph after a change, made from the graph before it: only what the change can have altered is read again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.changes import Change
from mbuild.errors import DockerfileError, Problem
from mbuild.graph.node import Graph, Node
from mbuild.graph.reached import stated
from mbuild.graph.workshop import Workshop
from mbuild.tree import SUBMODULE, SYMLINK

if TYPE_CHECKING:
    from mbuild.graph.defined import Definitions
    from mbuild.graph.places import Places
    from mbuild.graph.recipes import Recipes
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
    before = base.workshop
    linked = any(each.mode in (SYMLINK, SUBMODULE) for change in changes for each in (change.old, change.new) if each)
    links = None if linked else before.links
    shop = Workshop(definitions or before.definitions, tree, before.native, links)
    touched = set(_touched(base, tree, changes))
    if definitions is None and not linked and not touched:
        return Graph(base.order, base.images, shop, base.index)
    from mbuild.graph.patch import patched

    found = None if linked else patched(base, shop, touched)
    if found is not None:
        return found
    from mbuild.graph.build import joined

    now = {each.name: each for each in shop.definitions.all()}
    kept = {name: node for name, node in base.nodes.items() if name in now and name not in touched}
    if definitions is not None:
        kept = _defined_alike(base, kept, now, shop.recipes)
    if linked:
        kept = {name: node for name, node in kept.items() if not _has_moved(node, now[name], shop.places)}
    return joined(tuple(now.values()), shop, base.nodes, kept, problems, None if linked else base.index)


def _touched(base: Graph, tree: Tree, changes: Iterable[Change]) -> Iterator[str]:
    """Yield the images whose Dockerfile, ignore file or context root was changed, links aside."""
    index = base.index
    looked_at = {""}
    for change in changes:
        yield from (index.names[number] for number in index.watched.get(change.path, ()))
        folder = "" if change.new is not None else change.path.rpartition("/")[0]
        while folder not in looked_at:
            looked_at.add(folder)
            if folder in index.roots and not tree.folder(folder):
                yield from (index.names[number] for number in index.roots[folder])
            folder = folder.rpartition("/")[0]


def _defined_alike(
    base: Graph, nodes: Mapping[str, Node], now: Mapping[str, ImageDef], recipes: Recipes
) -> dict[str, Node]:
    """Return the images of which build.yaml says the same, and for which every name means the same image."""
    kept = {name: node for name, node in nodes.items() if _same(node.definition, now[name])}
    if _names(node.definition for node in base.nodes.values()) == _names(now.values()):
        return kept
    return {
        name: node
        for name, node in kept.items()
        if all(recipes.lookup.image_of(now[name], each) == image for each, image in node.outline.names)
    }


def _same(old: ImageDef, new: ImageDef) -> bool:
    """Whether the outlines of two definitions are the same, at the same tree."""
    if old.depends_on or new.depends_on:
        return old == new and old.place("depends_on") == new.place("depends_on")
    return (old.dockerfile, old.context_root, stated(old)) == (new.dockerfile, new.context_root, stated(new))


def _names(definitions: Iterable[ImageDef]) -> set[tuple[str, ...]]:
    return {(each.name, each.full_name, *each.aliases) for each in definitions}


def _has_moved(node: Node, definition: ImageDef, places: Places) -> bool:
    """Whether links lead to another Dockerfile, ignore file or context root now."""
    own = node.outline
    try:
        found = places.of(definition, {place.context for place in own.places})
    except DockerfileError:
        return True
    return found != own.places or places.file(definition.dockerfile) != own.dockerfile
