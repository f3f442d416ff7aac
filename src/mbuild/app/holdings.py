"""What exists already of the images of a run: where the builder keeps them, and in their registries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from mbuild.app.requests import content_name
from mbuild.builders.protocol import Builder
from mbuild.errors import MbuildError, Problem
from mbuild.graph.measuring import measure
from mbuild.graph.node import Graph
from mbuild.process.share import share
from mbuild.references import parse_reference
from mbuild.registry.registries import Registries
from mbuild.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Holdings:
    """Images whose content exists.

    here: their names where the builder keeps images. registry: of each content name in a registry, the digest.
    elsewhere: names of the images that only a registry has. ids: of the images that are here.
    sources: of content names that their own registry lacks, the name in another repository of it to promote from.
    """

    here: frozenset[str] = frozenset()
    registry: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def existing(self) -> frozenset[str]:
        """The names of all images that exist somewhere."""
        return self.here | self.elsewhere


def look(
    graph: Graph,
    images: Collection[str],
    builder: Builder | None,
    registries: Registries | None,
    push: bool,
    warn: Callable[[Problem], None],
    promote_from: str = "",
) -> Holdings:
    """Find out what exists: one call to the builder, and parallel ones to registries.

    registries: None: they are not asked. push: what is pushed must be known, so a registry that does not answer is an
                error; else it has nothing, with a warning, and only names that say which registry they are in count.
    promote_from: where else in the same registry what is pushed may be: a prefix of names like ``registry``.
    """
    names = {content_name(graph.nodes[name]): name for name in images}
    held = builder.existing(names) if builder else {}
    found: Mapping[str, str] = {}
    if registries is not None:
        try:
            found = registries.existing([name for name in names if push or names_registry(name)])
        except MbuildError as error:
            if push:
                raise
            warn(error.problems[0])
    sources: Mapping[str, str] = {}
    if registries is not None and promote_from:
        lacking = {name: image for name, image in names.items() if name not in found}
        sources = _sources(lacking, registries, promote_from)
    ids = {names[each]: image_id for each, image_id in held.items()}
    here = frozenset(ids)
    return Holdings(here, found, frozenset(names[each] for each in (*found, *sources)) - here, sources, ids)


def _sources(names: Mapping[str, str], registries: Registries, promote_from: str) -> dict[str, str]:
    """Return, of content names → image, those that have the same content below another prefix → its name there."""
    there = {name: f"{promote_from}/{image}:{name.rpartition(':')[2]}" for name, image in names.items()}
    found = registries.existing(list(there.values()))
    return {name: source for name, source in there.items() if source in found}


def unbuilt(graph: Graph, images: Sequence[str], registries: Registries) -> tuple[str, ...]:
    """Return those of some images of which no registry has a build. Raises RegistryError."""
    measure(graph, images, share)
    names = {content_name(graph.nodes[name]): name for name in images}
    return tuple(names[each] for each in sorted(names.keys() - registries.existing(names)))


def names_registry(name: str) -> bool:
    """Tell whether a full name says itself which registry it is in; others are Docker Hub's."""
    return parse_reference(name).domain == name.partition("/")[0]
