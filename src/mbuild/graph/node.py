"""The image graph at one tree. What takes work to know of an image is worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mbuild.tree import decode, is_attributes

if TYPE_CHECKING:
    from mbuild.dockerfile.model import Doubt, Inherited, Read, Recipe
    from mbuild.errors import Where
    from mbuild.graph.images import Images, Source
    from mbuild.graph.index import Index
    from mbuild.graph.inputs import Wanted
    from mbuild.graph.model import ContextUse, Measured, Missing
    from mbuild.graph.outline import Edge, Outline
    from mbuild.graph.workshop import Workshop
    from mbuild.images import ImageDef
    from mbuild.tree import Entry


class Node:
    """One image at one tree: its outline, and on demand its recipes, files and fingerprint.

    The values never change; asking twice costs once.
    """

    def __init__(self, name: str, graph: Graph) -> None:
        """Take its name and the graph it belongs to. Raises KeyError where that has no such image."""
        self.name = name
        self.summary = graph.images.summaries[name]
        self._graph = graph
        self.measured: Measured | None = None
        """What ``measuring.measure`` found."""

    @cached_property
    def source(self) -> Source:
        """Where the definition and the outline come from: both may have to be decoded first."""
        return self._graph.images.source(self.name)

    @cached_property
    def definition(self) -> ImageDef:
        """The image as build.yaml states it."""
        return self.source.definition()

    def said(self, field: str) -> Any:
        """Return what build.yaml states in one field of plain values, as JSON has it: all of it may not be decoded."""
        return self._graph.workshop.definitions.value(self.name, field)

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
    def uses(self) -> Iterable[tuple[str, str, str]]:
        """The kind, name and parent of each edge."""
        return self.measured.uses if self.measured else ((each.kind, each.name, each.parent) for each in self.edges)

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
        return self.measured.exact if self.measured else not self.outline.doubts

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
    def contexts(self) -> tuple[ContextUse, ...]:
        """What it takes from each of its contexts, the main one ("") first."""
        return self.select()

    def select(self) -> tuple[ContextUse, ...]:
        """Return the same, and do not keep it."""
        inputs = self._graph.workshop.inputs
        return tuple(inputs.use(*each) for each in self.wanted())

    def wanted(self) -> Iterator[Wanted]:
        """Yield what is read from each of its contexts."""
        from mbuild.graph.inputs import Wanted

        own = self.outline
        return (Wanted(self.definition, place, own.reads_of(place.context)) for place in own.places)

    def checked_out(self, path: str) -> str:
        """Return what an attributes file at a path says of conversions (``Attributes.said``)."""
        return self._graph.workshop.attributes.said(path)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The sources that match nothing."""
        if self.measured is not None:
            return self.measured.missing
        return tuple(each for use in self.contexts for each in use.missing)

    @cached_property
    def identity(self) -> str:
        """Digest of all that can change the image, its parents aside."""
        from mbuild.graph.fingerprint import identity

        return self.measured.identity if self.measured else identity(self.outline.meaning, self.contexts)

    @property
    def fingerprint(self) -> str:
        """Digest of all that can change the image, its parents' fingerprints included."""
        return self._graph.fingerprint(self.name)


class _Nodes(Mapping[str, Node]):
    """The nodes of a graph, made when they are asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._made: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Node:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = Node(name, self._graph)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.images.names)

    def __len__(self) -> int:
        return len(self._graph.images.names)


class Graph:
    """All images at one tree. ``nodes`` is sorted by name; ``order`` has parents before children, and then names."""

    def __init__(
        self,
        order: Sequence[str],
        images: Images,
        workshop: Workshop,
        index: Index | None = None,
        patch: tuple[Index, frozenset[str]] | None = None,
    ) -> None:
        """Take the parts.

        index: where it is known already. patch: an index that is right but for the images named.
        """
        self.order = order
        self.images = images
        self.workshop = workshop
        self._index = index
        self._patch = patch
        self.nodes: Mapping[str, Node] = _Nodes(self)
        self._fingerprints: dict[str, str] = {}

    @property
    def index(self) -> Index:
        """From a path to the images that read it."""
        if self._index is None:
            self._index = self.index_of(self.images.names)
        return self._index

    def owns(self, path: str, entry: Entry | None) -> bool:
        """Tell whether an image takes the entry at a path, or is defined by that path."""
        if self._takes(path, entry) or any(self.checked_out_by(path)):
            return True
        return entry is not None and entry.is_link and path in self.passed

    @cached_property
    def passed(self) -> frozenset[str]:
        """The links on the way to what defines an image, and to its context roots."""
        from mbuild.graph.passed import passed

        return frozenset().union(*(passed(self.workshop, node) for node in self.nodes.values()))

    def checked_out_by(self, path: str) -> Iterator[str]:
        """Yield the images that take something of which an attributes file at a path says how it is checked out."""
        if not is_attributes(path) or not self.workshop.attributes.said(path):
            return
        folder = path.rpartition("/")[0]
        index, wrong = (self.index, ()) if self._index is not None or self._patch is None else self._patch
        around = {index.names[number] for number in index.around(folder)}.difference(wrong)
        if wrong:
            around |= {self._fresh.names[number] for number in self._fresh.around(folder)}
        for each in sorted(around):
            if any(path == file for use in self.nodes[each].contexts for file, _ in use.attributes):
                yield each

    def _takes(self, path: str, entry: Entry | None) -> bool:
        if self._index is not None or self._patch is None:
            return _owns(self.index, path, entry, frozenset())
        index, wrong = self._patch
        return _owns(index, path, entry, wrong) or _owns(self._fresh, path, entry, frozenset())

    def owns_alike(self, other: Graph) -> bool:
        """Tell whether both say the same of every path that is neither a link nor a submodule."""
        return self._index is not None and self._index is other._index

    @cached_property
    def _fresh(self) -> Index:
        wrong = self._patch[1] if self._patch else ()
        return self.index_of(sorted(name for name in wrong if name in self.nodes))

    def index_of(self, names: Iterable[str]) -> Index:
        """Return an index of some images; their names are sorted."""
        from mbuild.graph.filing import Links, build_index

        tree, places = self.workshop.tree, self.workshop.places
        images = ((self.nodes[name].definition, self.nodes[name].outline) for name in names)
        return build_index(images, Links(self.workshop.scattered(), lambda entry: decode(tree.read(entry))), places)

    def children(self) -> dict[str, set[str]]:
        """Return for each image the images that use it directly."""
        children = self.images.children
        return {name: set(children.get(name, ())) for name in self.images.names}

    def with_parents(self, names: Mapping[str, object]) -> tuple[str, ...]:
        """Return images and all that they use, in order."""
        needed = set(names)
        for name in reversed(self.order):
            if name in needed:
                needed.update(self.images.summaries[name].parents)
        return tuple(name for name in self.order if name in needed)

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of an image: made for its parents first, however long the chain."""
        from mbuild.graph.fingerprint import fingerprint

        known = self._fingerprints
        waiting = [name] if name not in known else []
        while waiting:
            node = self.nodes[waiting[-1]]
            unknown = [parent for parent in node.parents if parent not in known]
            waiting += unknown
            if not unknown:
                known[node.name] = fingerprint(node.identity, node.uses, known)
                waiting.pop()
        return known[name]


def _owns(index: Index, path: str, entry: Entry | None, wrong: frozenset[str]) -> bool:
    if any(index.names[number] not in wrong for number in index.defined.get(path, ())):
        return True
    return entry is not None and any(index.names[number] not in wrong for number in index.takers(path, entry))
