"""Builds the image graph of a project at one tree."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.errors import DockerfileError, Problem, Where
from mbuild.graph.inputs import Inputs
from mbuild.graph.node import Graph, Workshop
from mbuild.graph.order import circles, in_order
from mbuild.graph.outline import Edge, Outline
from mbuild.graph.outlines import Outliner
from mbuild.graph.places import Places
from mbuild.graph.recipes import Recipes
from mbuild.images import ImageDef, Project
from mbuild.tree import Tree


def build_graph(project: Project, tree: Tree, native: str, *, problems: list[Problem] | None = None) -> Graph:
    """Return the graph of all images.

    native:   the platform of images that name none.
    problems: when given, everything wrong is added to it and the graph holds the sound images only; when None,
              anything wrong raises DockerfileError with all the problems found.
    """
    gathered: list[Problem] = [] if problems is None else problems
    recipes, places = Recipes(project, tree, native), Places(tree)
    outlines = dict(Outliner(recipes, places, gathered).outline(project.images))
    edges = {name: each.edges for name, each in outlines.items()}
    _drop_orphans(edges)
    order = in_order(edges)
    if len(order) < len(edges):
        gathered.extend(circles(edges))
    gathered.sort(key=lambda each: each.where or Where(""))
    if problems is None and gathered:
        raise DockerfileError(gathered)
    # An image that is left out without a word would be an image that is never built.
    assert gathered or len(order) == len(project.images)
    return made(project.images, outlines, order, Workshop(recipes, Inputs(tree, places)))


def made(
    definitions: tuple[ImageDef, ...], outlines: Mapping[str, Outline], order: tuple[str, ...], workshop: Workshop
) -> Graph:
    """Return a graph from its parts: the images in ``order``."""
    graph = Graph(order, workshop)
    ordered = set(order)
    for each in sorted(definitions, key=lambda definition: definition.name):
        if each.name in ordered:
            graph.add(each.name, lambda each=each: each, lambda own=outlines[each.name]: own)  # type: ignore[misc]
    return graph


def _drop_orphans(edges: dict[str, tuple[Edge, ...]]) -> None:
    """Leave out images whose parent could not be evaluated (the parent's problem has been reported)."""
    while orphans := [name for name, each in edges.items() if any(edge.parent not in edges for edge in each)]:
        for name in orphans:
            del edges[name]
