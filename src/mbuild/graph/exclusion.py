"""Why a path is no input of an image: the rule that keeps it out, with its place. Pure.

It explains what others have decided, looking at the path alone: what a link would bring is not followed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mbuild.context.select import reader_of
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.dockerfile.model import Read
from mbuild.errors import DockerfileError, Where
from mbuild.graph.outline import Place
from mbuild.graph.passed import passed
from mbuild.graph.paths import inside, lies_in
from mbuild.values import dataclass, replace

if TYPE_CHECKING:
    from mbuild.graph.node import Graph, Node


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What keeps a path out of an image.

    kind:  ``definition`` (it defines the image, and means the same), ``outside`` (of the context roots), ``ignored``,
           ``excluded`` (by ``exclude`` or ``--exclude``), ``not-included``, ``unreached`` (only a stage that the target
           does not need reads it) or ``unread``.
    what:  the context roots, the pattern or the stage. where: the place of the rule, None where it has none.
    """

    kind: str
    what: str = ""
    where: Where | None = None


def exclusion(graph: Graph, name: str, path: str) -> Exclusion:
    """Return the rule that keeps a path out of an image, told from the path alone."""
    node = graph.nodes[name]
    attributes = (
        graph.workshop.attributes.holding(use.root, use.pieces, [node.dockerfile.path]) for use in node.contexts
    )
    links = passed(graph.workshop, node)
    if path in {*node.outline.watched(node.definition), *chain.from_iterable(attributes), *links}:
        return Exclusion("definition", where=Where(path))
    places = [place for place in node.outline.places if lies_in(place.root, path)]
    if not places:
        roots = ", ".join(dict.fromkeys(place.root or "." for place in node.outline.places))
        return Exclusion("outside", roots, node.definition.place("context"))
    found = (rule for place in places if (rule := _kept_out(graph, node, place, inside(place.root, path))) is not None)
    return (
        next(found, None)
        or _unreached(graph, node, path)
        or Exclusion("unread", where=Where(node.definition.dockerfile))
    )


def _kept_out(graph: Graph, node: Node, place: Place, path: str) -> Exclusion | None:
    """Return what keeps out a path that a reachable instruction reads; None where none does."""
    reads = node.outline.reads_of(place.context)
    covering = reader_of(path, [replace(each, excludes=()) for each in reads])
    if not covering:
        return None
    matcher = graph.workshop.places.matcher(node.definition, place)
    if matcher is not None and matcher.ignored(path):
        return _ignored(node, place, matcher.rule(path))
    include = () if place.context else node.definition.include
    if include and not IgnoreMatcher(IgnoreLine(each, 0) for each in include).ignored(path):
        return Exclusion("not-included", ", ".join(include), node.definition.place("include"))
    places = {each.where for each in covering}
    excluding = next((each for each in reads if each.excludes and each.where in places), None)
    return Exclusion("excluded", ", ".join(excluding.excludes), excluding.where) if excluding else None


def _ignored(node: Node, place: Place, line: IgnoreLine | None) -> Exclusion:
    if line is None or not line.line:
        return Exclusion("excluded", line.pattern if line else "", node.definition.place("exclude"))
    return Exclusion("ignored", line.pattern, Where(place.ignore, line.line))


def _unreached(graph: Graph, node: Node, path: str) -> Exclusion | None:
    """Return the stage that would read a path if the target needed it."""
    for stage, reads in _other_stages(graph, node):
        for place in node.outline.places:
            mine = [each for each in reads if each.context == place.context]
            found = reader_of(inside(place.root, path), mine) if lies_in(place.root, path) else ()
            if found:
                return Exclusion("unreached", stage, found[0].where)
    return None


def _other_stages(graph: Graph, node: Node) -> Iterator[tuple[str, Sequence[Read]]]:
    """Yield every stage with what it and those it needs read; none for one that BuildKit refuses."""
    recipes = graph.workshop.recipes
    file = recipes.parsed(node.definition, node.dockerfile)
    starts = [each for each in file.instructions if each.keyword == "FROM"]
    for number, start in enumerate(starts):
        try:
            found = recipes.evaluate(
                node.definition, node.dockerfile, lambda parent: graph.nodes[parent].outline.inherited, number
            )
        except DockerfileError:
            continue
        name = start.args[2] if len(start.args) > 2 else f"number {number}"
        yield name, [read for recipe in found.recipes for read in recipe.reads]
