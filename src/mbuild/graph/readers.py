"""Which images read a path, and through which instruction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from mbuild.changes import Change
from mbuild.errors import Where
from mbuild.graph.affected import where_read
from mbuild.graph.node import Graph, Node
from mbuild.graph.passed import passed
from mbuild.tree import SUBMODULE, is_scattered
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """One image that reads a path.

    via: ``COPY``, ``ADD``, ``RUN``, ``FROM``, ``Dockerfile``, ``ignore file`` or ``definition``.
    """

    image: str
    via: str
    where: Where | None


def readers(graph: Graph, path: str) -> tuple[Reader, ...]:
    """Return who reads a path (a file, or anything below a folder), sorted by image."""
    prefix = path.rstrip("/") + "/" if path else ""

    def lies_there(found: str) -> bool:
        return found == path or found.startswith(prefix)

    links = frozenset(filter(lies_there, graph.workshop.links))
    nodes = (graph.nodes[name] for name in sorted(graph.nodes))
    found = (_taker(each, path, prefix) or _defined(each, lies_there) or _led(graph, each, links) for each in nodes)
    return tuple(each for each in found if each is not None)


def _taker(node: Node, path: str, prefix: str) -> Reader | None:
    for use in node.contexts:
        for entry in use.entries:
            full = use.path(entry)
            inside = entry.mode == SUBMODULE and path.startswith(f"{full}/")
            if full == path or full.startswith(prefix) or inside:
                where = where_read(node, use.name, entry.path)
                return Reader(node.name, _via(node, where), where)
    return None


def _defined(node: Node, lies_there: Callable[[str], bool]) -> Reader | None:
    """Return what of an image's definition lies there: a file, or where links led to and one would be taken."""
    definition, dockerfiles = node.definition, (node.definition.dockerfile, node.dockerfile.path)
    for via, paths in (
        ("Dockerfile", dockerfiles),
        ("ignore file", sorted(node.outline.defining(definition).difference(dockerfiles))),
        ("definition", [file for use in node.contexts for file, _ in use.attributes]),
    ):
        for found in filter(lies_there, paths):
            return Reader(node.name, via, Where(found, 1))
    for found in (each for place in node.outline.places for each in place.sought if lies_there(each)):
        return Reader(node.name, "definition", Where(found))
    where = definition.where
    return Reader(node.name, "definition", where) if where is not None and lies_there(where.file) else None


def _led(graph: Graph, node: Node, links: Collection[str]) -> Reader | None:
    """Return an image for which one of some links is on the way to what defines it, or to a context root."""
    if not links or passed(graph.workshop, node).isdisjoint(links):
        return None
    return Reader(node.name, "definition", node.definition.where)


def _via(node: Node, where: Where | None) -> str:
    return next((read.keyword for read in node.reads if read.where == where), "COPY")


def read_paths(graphs: Iterable[Graph]) -> set[str]:
    """Return every path that some image reads or is defined by, at any of the trees."""
    found: set[str] = set()
    for graph in graphs:
        found |= graph.passed
        for node in graph.nodes.values():
            found |= node.outline.defining(node.definition)
            for use in node.contexts:
                found.update(path for path, _ in use.attributes)
                found.update(use.path(entry) for entry in use.entries)
    return found


def unread(changes: Iterable[Change], base: Graph, head: Graph, idle: Collection[str] = frozenset()) -> tuple[str, ...]:
    """Return the changed paths that no image reads, or is defined by, at the tree where they are; sorted.

    idle: some of which it is known (``Affected.idle``) that none takes them.
    """
    alike = base.owns_alike(head)

    def is_read(change: Change) -> bool:
        if alike and change.path in idle:
            return bool(head.index.defined.get(change.path))
        old, new = change.old, change.new
        if alike and old and new and SUBMODULE not in (old.mode, new.mode) and not is_scattered(new):
            return head.owns(change.path, new)
        return base.owns(change.path, old) or head.owns(change.path, new)

    return tuple(sorted(each.path for each in changes if not is_read(each)))
