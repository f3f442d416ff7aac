"""The order of images: parents before children. Circles are described, not ordered."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping

from mbuild.errors import Problem
from mbuild.graph.outline import Edge


def in_order(parents: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return the images, parents before children and otherwise by name; those in or behind a circle are left out.

    parents: of each image, each of them once.
    """
    children: dict[str, list[str]] = {}
    for name, found in parents.items():
        for parent in found:
            children.setdefault(parent, []).append(name)
    missing = {name: len(found) for name, found in parents.items()}
    ready = [name for name, count in missing.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for child in children.get(name, ()):
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, child)
    return tuple(order)


def circles(edges: Iterable[Edge]) -> list[Problem]:
    """Return one problem for each group of images that wait for each other, with the path."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    for edge in edges:
        graph.add_edge(edge.parent, edge.child, where=edge.where)
    problems = []
    for component in sorted(nx.strongly_connected_components(graph), key=min):
        if len(component) > 1:
            loop = [edge[0] for edge in nx.find_cycle(graph.subgraph(component), min(component))]
            path = " → ".join(reversed([*loop, loop[0]]))
            where = graph.edges[loop[-1], loop[0]]["where"]
            problems.append(
                Problem(f"images need each other in a circle: {path}", where, ("remove one of these uses",))
            )
    return problems
