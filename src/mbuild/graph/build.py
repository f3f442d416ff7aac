"""Builds the image graph of a project at one tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import networkx as nx

from mbuild.dockerfile.model import Doubt, ExternalImage, Read, Recipe
from mbuild.errors import DockerfileError, Problem, Where
from mbuild.graph.fingerprint import fingerprint, identity
from mbuild.graph.inputs import Inputs, missing_of
from mbuild.graph.model import ContextUse, Graph, Missing, Node
from mbuild.graph.recipes import Evaluated, RecipeBook, cycle_problems, platforms_of
from mbuild.images import Project
from mbuild.tree import Tree

T = TypeVar("T")


def build_graph(project: Project, tree: Tree, native: str, *, problems: list[Problem] | None = None) -> Graph:
    """Return the graph of all images.

    native:   the platform of images that name none.
    problems: when given, everything wrong is added to it and the graph holds the sound images only; when None,
              anything wrong raises DockerfileError with all the problems found.
    """
    gathered: list[Problem] = [] if problems is None else problems
    book = RecipeBook(project, tree, native, gathered)
    evaluated = dict(book.evaluate())
    _drop_orphans(evaluated)
    order = _order(evaluated, gathered)
    inputs = Inputs(tree)
    nodes: dict[str, Node] = {}
    for name in order:
        if any(edge.parent not in nodes for edge in evaluated[name].edges):
            continue  # a parent failed and has been reported: nothing true can be said of this one
        try:
            nodes[name] = _node(evaluated[name], inputs, native, nodes)
        except DockerfileError as error:
            gathered.extend(each for each in error.problems if each not in gathered)
    gathered.sort(key=lambda each: each.where or Where(""))
    if problems is None and gathered:
        raise DockerfileError(gathered)
    # An image that is left out without a word would be an image that is never built.
    assert gathered or len(nodes) == len(project.images)
    return Graph({name: nodes[name] for name in sorted(nodes)}, tuple(name for name in order if name in nodes))


def _drop_orphans(evaluated: dict[str, Evaluated]) -> None:
    """Leave out images whose parent could not be evaluated (the parent's problem has been reported)."""
    while orphans := [
        name for name, each in evaluated.items() if any(edge.parent not in evaluated for edge in each.edges)
    ]:
        for name in orphans:
            del evaluated[name]


def _order(evaluated: Mapping[str, Evaluated], problems: list[Problem]) -> tuple[str, ...]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(evaluated)
    for each in evaluated.values():
        for edge in each.edges:
            graph.add_edge(edge.parent, edge.child, where=edge.where)
    if nx.is_directed_acyclic_graph(graph):
        return tuple(nx.lexicographical_topological_sort(graph))
    problems.extend(cycle_problems(graph))
    return ()


def _node(each: Evaluated, inputs: Inputs, native: str, done: Mapping[str, Node]) -> Node:
    definition = each.definition
    reads = _unique(read for recipe in each.recipes for read in recipe.reads)
    doubts = _unique(doubt for recipe in each.recipes for doubt in recipe.doubts)
    contexts, missing = _contexts(each, inputs, reads, doubts)
    unread = [each.dockerfile.oid] if doubts else []
    platforms = tuple(str(platform) for platform in platforms_of(definition, native))
    own = identity(definition, platforms, each.recipes, contexts, unread)
    parents = {edge.parent: done[edge.parent].fingerprint for edge in each.edges}
    return Node(
        definition=definition,
        dockerfile=each.dockerfile,
        recipes=each.recipes,
        reads=reads,
        contexts=contexts,
        edges=each.edges,
        external=_external(each.recipes),
        missing=missing,
        doubts=doubts,
        identity=own,
        fingerprint=fingerprint(own, each.edges, parents),
    )


def _contexts(
    each: Evaluated, inputs: Inputs, reads: tuple[Read, ...], doubts: tuple[Doubt, ...]
) -> tuple[tuple[ContextUse, ...], tuple[Missing, ...]]:
    names = sorted({read.context for read in reads} | {""})
    uses: list[ContextUse] = []
    missing: list[Missing] = []
    for name in names:
        mine = tuple(read for read in reads if read.context == name)
        if doubts and not name:
            mine = mine or (Read("", "COPY", ("/",), doubts[0].where),)
        use, found = inputs.use(each.definition, name, mine, bool(doubts))
        uses.append(use)
        missing.extend(missing_of(found, name))
    return tuple(uses), tuple(missing)


def _external(recipes: tuple[Recipe, ...]) -> tuple[tuple[str, Where | None], ...]:
    found: dict[str, Where | None] = {}
    for recipe in recipes:
        for reference, resolved in recipe.references:
            if isinstance(resolved, ExternalImage):
                found.setdefault(resolved.ref, reference.where)
    return tuple(sorted(found.items(), key=lambda pair: pair[0]))


def _unique(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
