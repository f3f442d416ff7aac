"""The image graph at one tree. What takes work to know of an image is worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from mbuild.tree import decode

if TYPE_CHECKING:
    from mbuild.context.select import Selection
    from mbuild.dockerfile.model import Doubt, Inherited, Read, Recipe
    from mbuild.errors import Where
    from mbuild.graph.index import Index
    from mbuild.graph.inputs import Inputs
    from mbuild.graph.model import ContextUse, Missing
    from mbuild.graph.outline import Edge, Outline
    from mbuild.graph.places import Places
    from mbuild.graph.recipes import Recipes
    from mbuild.images import ImageDef
    from mbuild.tree import Entry, Tree


@dataclass(frozen=True, slots=True)
class Source:
    """Where the definition and the outline of an image come from. Two that are the same object give the same value."""

    definition: Callable[[], ImageDef]
    outline: Callable[[], Outline]


class Workshop:
    """What the nodes of one graph work with: the Dockerfiles and the files of its tree, made when they are needed."""

    def __init__(self, images: Callable[[], Iterable[ImageDef]], tree: Tree, native: str) -> None:
        """Take what gives the definitions of all images, the tree, and the platform of images that name none."""
        self.images = images
        self.tree = tree
        self.native = native

    @cached_property
    def recipes(self) -> Recipes:
        """The Dockerfiles."""
        from mbuild.graph.recipes import Recipes

        return Recipes(self.images, self.tree, self.native)

    @cached_property
    def places(self) -> Places:
        """The context roots and ignore files."""
        from mbuild.graph.places import Places

        return Places(self.tree)

    @cached_property
    def inputs(self) -> Inputs:
        """The files."""
        from mbuild.graph.inputs import Inputs

        return Inputs(self.tree, self.places)


class Summary(NamedTuple):
    """What every answer says of an image. Paths are from the git root; parents are sorted."""

    dockerfile: str
    context_root: str
    target: str | None
    platforms: tuple[str, ...]
    parents: tuple[str, ...]


class Node:
    """One image at one tree: its outline, and on demand its recipes, files and fingerprint.

    The values never change; asking twice costs once.
    """

    def __init__(self, name: str, summary: Summary, source: Source, graph: Graph) -> None:
        """Take where the definition and the outline come from: both may have to be decoded first."""
        self.name = name
        self.summary = summary
        self.source = source
        self._graph = graph

    @cached_property
    def definition(self) -> ImageDef:
        """The image as build.yaml states it."""
        return self.source.definition()

    @cached_property
    def outline(self) -> Outline:
        """What is known without looking at its files."""
        return self.source.outline()

    def same_outline(self, other: Node) -> bool:
        """Whether both say the same, their files aside."""
        return self.source.outline is other.source.outline or self.outline == other.outline

    def same_definition(self, other: Node) -> bool:
        """Whether both come from the same definition."""
        return self.source.definition is other.source.definition

    @property
    def handed_on(self) -> object:
        """What a child takes over, and for which platforms."""
        return self.outline.inherited, self._graph.workshop.recipes.platforms(self.name)

    @property
    def dockerfile(self) -> Entry:
        """The Dockerfile's entry in the tree, links followed."""
        return self.outline.dockerfile

    @property
    def reads(self) -> tuple[Read, ...]:
        """What its instructions read."""
        return self.outline.reads

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges to the images that it uses, sorted by parent."""
        return self.outline.edges

    @property
    def external(self) -> tuple[tuple[str, Where | None], ...]:
        """The external images that it uses, sorted, each with its first place."""
        return self.outline.external

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why its inputs are not known exactly; empty when they are."""
        return self.outline.doubts

    @property
    def exact(self) -> bool:
        """Whether its inputs are known exactly."""
        return not self.outline.doubts

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the images of this repository that it uses, sorted."""
        return self.summary.parents

    @cached_property
    def recipes(self) -> tuple[Recipe, ...]:
        """One recipe for each platform."""
        return self._graph.workshop.recipes.evaluate(self.definition, self.dockerfile, self._inherited).recipes

    def _inherited(self, parent: str) -> tuple[Inherited, ...]:
        return self._graph.nodes[parent].outline.inherited

    @cached_property
    def _selected(self) -> tuple[tuple[ContextUse, Selection], ...]:
        inputs, own = self._graph.workshop.inputs, self.outline
        return tuple(inputs.use(self.definition, place, own.reads_of(place.context)) for place in own.places)

    @cached_property
    def contexts(self) -> tuple[ContextUse, ...]:
        """What it takes from each of its contexts, the main one ("") first."""
        return tuple(use for use, _ in self._selected)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """The sources that match nothing."""
        from mbuild.graph.inputs import missing_of

        return tuple(each for use, found in self._selected for each in missing_of(found, use.name))

    @cached_property
    def identity(self) -> str:
        """Digest of all that can change the image, its parents aside."""
        from mbuild.graph.fingerprint import identity

        return identity(self.outline.meaning, self.contexts)

    @property
    def fingerprint(self) -> str:
        """Digest of all that can change the image, its parents' fingerprints included."""
        return self._graph.fingerprint(self.name)


class Graph:
    """All images at one tree. ``nodes`` is sorted by name; ``order`` has parents before children, and then names."""

    def __init__(
        self,
        order: tuple[str, ...],
        workshop: Workshop,
        index: Index | None = None,
        patch: tuple[Index, frozenset[str]] | None = None,
    ) -> None:
        """Make a graph without nodes; ``add`` adds them, sorted by name.

        index: where it is known already. patch: an index that is right but for the images named.
        """
        self.order = order
        self.workshop = workshop
        self._index = index
        self._patch = patch
        self._nodes: dict[str, Node] = {}
        self._fingerprints: dict[str, str] = {}

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The images by name, sorted."""
        return self._nodes

    def add(self, name: str, summary: Summary, source: Source) -> None:
        """Add an image."""
        self._nodes[name] = Node(name, summary, source, self)

    @property
    def index(self) -> Index:
        """From a path to the images that read it."""
        if self._index is None:
            self._index = self.index_of(self._nodes)
        return self._index

    def owns(self, path: str, entry: Entry | None) -> bool:
        """Tell whether an image takes the entry at a path, or is defined by that path."""
        if self._index is not None or self._patch is None:
            return _owns(self.index, path, entry, frozenset())
        index, wrong = self._patch
        return _owns(index, path, entry, wrong) or _owns(self._fresh, path, entry, frozenset())

    @cached_property
    def _fresh(self) -> Index:
        wrong = self._patch[1] if self._patch else ()
        return self.index_of(sorted(name for name in wrong if name in self._nodes))

    def index_of(self, names: Iterable[str]) -> Index:
        """Return an index of some images; their names are sorted."""
        from mbuild.graph.filing import Links, build_index

        tree, places = self.workshop.tree, self.workshop.places
        images = ((self._nodes[name].definition, self._nodes[name].outline) for name in names)
        return build_index(images, Links(tree.links(), lambda entry: decode(tree.read(entry))), places)

    def children(self) -> dict[str, set[str]]:
        """Return for each image the images that use it directly."""
        found: dict[str, set[str]] = {name: set() for name in self._nodes}
        for node in self._nodes.values():
            for parent in node.parents:
                found[parent].add(node.name)
        return found

    def with_parents(self, names: Mapping[str, object]) -> tuple[str, ...]:
        """Return images and all that they use, in order."""
        needed = set(names)
        for name in reversed(self.order):
            if name in needed:
                needed.update(self._nodes[name].parents)
        return tuple(name for name in self.order if name in needed)

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of an image: made for its parents first, however long the chain."""
        from mbuild.graph.fingerprint import fingerprint

        known = self._fingerprints
        waiting = [name]
        while waiting:
            node = self._nodes[waiting[-1]]
            unknown = [parent for parent in node.parents if parent not in known]
            waiting += unknown
            if not unknown:
                known[node.name] = fingerprint(node.identity, node.edges, known)
                waiting.pop()
        return known[name]


def _owns(index: Index, path: str, entry: Entry | None, wrong: frozenset[str]) -> bool:
    if any(index.names[number] not in wrong for number in index.defined.get(path, ())):
        return True
    return entry is not None and any(index.names[number] not in wrong for number in index.takers(path, entry))
