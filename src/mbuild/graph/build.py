"""Builds the image graph of a project at one tree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache

from mbuild.errors import DockerfileError, Problem, Where
from mbuild.graph.defined import Defined, written
from mbuild.graph.filing import Links, build_index
from mbuild.graph.images import BuiltImages, Source, Summary, constant, uses
from mbuild.graph.index import Index
from mbuild.graph.node import Graph, Node
from mbuild.graph.order import circles, in_order
from mbuild.graph.outline import Outline
from mbuild.graph.outlines import Outliner
from mbuild.graph.parts import Part, dump, join, listed, load, part_of
from mbuild.graph.sharing import Share
from mbuild.graph.workshop import Workshop
from mbuild.images import ImageDef, Project
from mbuild.tree import Entry, Tree, decode


def build_graph(project: Project, tree: Tree, native: str, *, problems: list[Problem] | None = None) -> Graph:
    """Return the graph of all images.

    native:   the platform of images that name none.
    problems: when given, everything wrong is added to it and the graph holds the sound images only; when None,
              anything wrong raises DockerfileError with all the problems found.
    """
    shop = Workshop(Defined(project.images), tree, native)
    return joined(project.images, shop, {}, (), problems)


FEWEST_APART = 200
"""So many images are worth a process of their own: each takes half a millisecond."""

PIECES = 8
"""What is made in one piece: an eighth of what one process would have to make."""


def build_frozen(
    project: Project,
    tree: Tree,
    native: str,
    scattered: Callable[[], Sequence[Entry]],
    share: Share,
    beside: Sequence[str],
) -> bytes | None:
    """Return the graph of all images as ``freeze`` does, of which parts are made at the same time.

    scattered: gives what the tree has of it; the first Dockerfiles are read before it is called, once.
    None: something is wrong, which ``build_graph`` says.
    """
    images = {each.name: each for each in project.images}
    numbers = {name: number for number, name in enumerate(images)}
    known = cache(scattered)
    shop = Workshop(Defined(project.images), tree, native, known)
    of_tree = cache(lambda: Links(known(), lambda entry: decode(tree.read(entry))))

    outliner = Outliner(images, shop.recipes, shop.places)
    filed = shop.recipes.lookup.names  # once for all that share the work

    def made(names: Sequence[str]) -> Part:
        tree.expect({path for name in names for path in looked_for(images[name])})
        outliner.outline(names)
        if outliner.problems:
            raise DockerfileError(outliner.problems)
        found = [(images[name], outliner.fresh[name]) for name in names]
        summaries = ((summary(image, own), uses(own)) for image, own in found)
        index = build_index(found, of_tree(), shop.places)
        first = numbers[names[0]] if names else 0
        return part_of(index, first, summaries, (own for _, own in found), (written(image) for image, _ in found))

    try:
        parts = share(made, list(images), FEWEST_APART, dump, load, PIECES)
    except DockerfileError:
        return None
    order = in_order({name: used for part in parts for name, used in zip(part.names, part.parents, strict=True)})
    if len(order) < len(images):
        return None
    return join(parts, order, filed, listed(known()), beside)


def joined(
    images: Sequence[ImageDef],
    shop: Workshop,
    before: Mapping[str, Node],
    known: Collection[str],
    problems: list[Problem] | None,
    index: Index | None = None,
) -> Graph:
    """Return the graph of images, some of them ``known`` from a graph at another tree (its nodes: ``before``).

    index: of that graph, where what it says of the known images holds.
    """
    gathered: list[Problem] = [] if problems is None else problems
    shop.tree.expect({path for each in images if each.name not in known for path in looked_for(each)})
    definitions = {each.name: each for each in images}
    outliner = Outliner(definitions, shop.recipes, shop.places, before, known)
    outliner.outline(definitions)
    gathered.extend(outliner.problems)
    found = {each.name: _found(each, outliner, before) for each in images if _is_there(each, outliner)}
    parents = {name: summary.parents for name, (summary, _) in found.items()}
    _drop_orphans(parents)
    order = in_order(parents)
    if len(order) < len(parents):
        gathered.extend(circles(edge for name in parents for edge in found[name][1].outline().edges))
    gathered.sort(key=lambda each: each.where or Where(""))
    if problems is None and gathered:
        raise DockerfileError(gathered)
    # An image that is left out without a word would be an image that is never built.
    assert gathered or len(order) == len(images)
    patch = (index, frozenset(outliner.fresh) | (set(before) - set(order))) if index is not None else None
    return Graph(order, BuiltImages({name: found[name] for name in order}), shop, patch=patch)


def looked_for(image: ImageDef) -> Iterator[str]:
    """Yield the paths of the Dockerfile and of all ignore files that may hold for an image."""
    yield image.dockerfile
    yield f"{image.dockerfile}.dockerignore"
    for root in (image.context_root, *(each.value for each in image.contexts if each.kind == "folder")):
        yield f"{root}/.dockerignore" if root else ".dockerignore"


def _is_there(image: ImageDef, outliner: Outliner) -> bool:
    return image.name in outliner.fresh or image.name in outliner.held


def _found(image: ImageDef, outliner: Outliner, before: Mapping[str, Node]) -> tuple[Summary, Source]:
    if image.name in outliner.fresh:
        own = outliner.fresh[image.name]
        return summary(image, own), Source(constant(image), constant(own))
    node = before[image.name]
    kept = node.summary._replace(platforms=image.platforms)
    return kept, Source(constant(image), node.source.outline)


def summary(definition: ImageDef, own: Outline) -> Summary:
    """Return what every answer says of an image."""
    parents = tuple(sorted({edge.parent for edge in own.edges}))
    target, platforms = definition.target, definition.platforms
    return Summary(definition.dockerfile, definition.context_root, target, platforms, parents)


def _drop_orphans(parents: dict[str, tuple[str, ...]]) -> None:
    """Leave out images whose parent could not be evaluated (the parent's problem has been reported)."""
    while orphans := [name for name, each in parents.items() if any(parent not in parents for parent in each)]:
        for name in orphans:
            del parents[name]
