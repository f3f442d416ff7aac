"""The links on the way to a Dockerfile, an ignore file or a context root: where one changes, other files are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.graph.paths import joined
from mbuild.tree import follow_folder, follow_inside

if TYPE_CHECKING:
    from mbuild.graph.node import Node
    from mbuild.graph.workshop import Workshop


def passed(shop: Workshop, node: Node) -> set[str]:
    """Return the links on all of these ways, where files were not found included. shop: of the node's graph."""
    if not shop.links:
        return set()
    own, places = node.definition.dockerfile, node.outline.places
    found = {link for place in places for link in passed_to_root(shop, node, place.context)}
    for path in (own, f"{own}.dockerignore", *(joined(place.root, ".dockerignore") for place in places)):
        if _may_pass(shop, path):
            follow_inside(shop.tree, path, found)
    return found


def passed_to_root(shop: Workshop, node: Node, context: str) -> set[str]:
    """Return the links on the way to the root of one context: "" is the main one."""
    named = (each.value for each in node.definition.contexts if context and each.name == context)
    root = next(named, node.definition.context_root)
    found: set[str] = set()
    if _may_pass(shop, root):
        follow_folder(shop.tree, root, found)
    return found


def _may_pass(shop: Workshop, path: str) -> bool:
    """Whether there is a link on a path as it is written: few have one, and the tree need not be asked."""
    while path and path not in shop.links:
        path = path.rpartition("/")[0]
    return bool(path)
