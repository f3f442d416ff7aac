"""Makes the outlines of all images of a project at one tree: parents first, each Dockerfile once."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from mbuild.context.select import check_wildcards
from mbuild.dockerfile.model import ExternalImage, Inherited, ParentImage, Read, Reference
from mbuild.errors import DockerfileError, Problem, Where
from mbuild.graph.brief import Brief
from mbuild.graph.fingerprint import meaning
from mbuild.graph.outline import Edge, Outline
from mbuild.graph.places import Places
from mbuild.graph.recipes import Briefed, Recipes, platforms_of
from mbuild.images import ImageDef
from mbuild.references import context_key
from mbuild.tree import Entry
from mbuild.values import dataclass, field

T = TypeVar("T")


class _First(Exception):  # noqa: N818 - a signal: the image of this name has to be outlined first
    pass


class ByName(Protocol):
    """Definitions by the names of their images."""

    def __getitem__(self, name: str, /) -> ImageDef:
        """Return that of an image."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Tell whether there is such an image."""
        ...


class Known(Protocol):
    """An image whose own outline is known from another tree. It holds here if what its parents hand on is the same."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The images that it uses."""
        ...

    @property
    def handed_on(self) -> object:
        """What a child takes over, and for which platforms."""
        ...

    @property
    def outline(self) -> Outline:
        """Its outline."""
        ...


@dataclass(slots=True)
class Outliner:
    """Outlines images of a project; what is wrong is gathered in ``problems``, and the images concerned are left out.

    before: images at another tree; ``known``: the names of those whose own outline holds here.
    fresh:  the outlines made; held: the images whose outline is that of before.
    """

    definitions: ByName
    recipes: Recipes
    places: Places
    before: Mapping[str, Known] = field(default_factory=dict)
    known: Container[str] = ()
    fresh: dict[str, Outline] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    problems: dict[Problem, None] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _nearby: dict[str, Sequence[str]] = field(default_factory=dict)
    _waiting: list[str] = field(default_factory=list)

    def outline(self, names: Iterable[str]) -> None:
        """Outline those of these images that can be evaluated, and what they need."""
        for name in names:
            self._waiting = [name]
            while self._waiting:
                self._step(self._waiting[-1])

    def _step(self, name: str) -> None:
        """Outline the image on top of the pile, or put one on it that has to come first."""
        if name in self.fresh or name in self.held or name in self._failed:
            self._waiting.pop()
            return
        try:
            if name in self.known and self._holds(name):
                self.held.add(name)
            else:
                self.fresh[name] = self._outline(self.definitions[name])
        except _First as signal:
            self._waiting.append(str(signal))
        except DockerfileError as error:
            self._failed.add(name)
            self.problems.update(dict.fromkeys(error.problems))

    def _holds(self, name: str) -> bool:
        for parent in self.before[name].parents:
            if parent in self.held:
                continue
            if parent not in self.fresh:
                self._ask_for(parent)
                return False
            if self.hands_on_otherwise(parent):
                return False
        return True

    def hands_on_otherwise(self, name: str) -> bool:
        """Whether what a child takes over from a fresh image differs from what it took over before."""
        return name not in self.before or self.before[name].handed_on != (
            self.fresh[name].inherited,
            self.recipes.platforms(name),
        )

    def _outline(self, definition: ImageDef) -> Outline:
        entry = self.places.file(definition.dockerfile)
        if entry is None:
            raise DockerfileError(self._missing_dockerfile(definition))
        briefed = self.recipes.briefs(definition, entry, self._inherited)
        return _outlined(definition, entry, briefed, self.places, self.recipes.native)

    def _missing_dockerfile(self, definition: ImageDef) -> Problem:
        found = self.recipes.tree.entry(definition.dockerfile)
        if found is not None and found.is_link:
            hint = "it is a link to no file in its folder, and BuildKit follows it no further"
        elif near := self._dockerfiles(definition.dockerfile.rpartition("/")[0]):
            hint = f"there is {', '.join(near)}"
        else:
            hint = "files that git ignores are not part of the tree"
        message = f"image '{definition.name}': no Dockerfile at {definition.dockerfile}"
        return Problem(message, definition.place("dockerfile"), (hint,))

    def _dockerfiles(self, folder: str) -> Sequence[str]:
        """Return some files below a folder that are called like Dockerfiles: thousands may be missing in one folder."""
        if folder not in self._nearby:
            paths = (each.path for each in self.recipes.tree.below(folder))
            named = (each for each in paths if "dockerfile" in each.rpartition("/")[2].lower())
            self._nearby[folder] = tuple(itertools.islice(named, 3))
        return self._nearby[folder]

    def _inherited(self, name: str) -> Sequence[Inherited] | None:
        if name in self.held:
            return self.before[name].outline.inherited
        if name not in self.fresh:
            self._ask_for(name)
            return None
        return self.fresh[name].inherited

    def _ask_for(self, name: str) -> None:
        """Have an image outlined first, unless it has failed or waits for itself: circles are reported in the end."""
        if name not in self._failed and name not in self._waiting and name in self.definitions:
            raise _First(name)


def _outlined(definition: ImageDef, entry: Entry, briefed: Briefed, places: Places, native: str) -> Outline:
    briefs = briefed.briefs
    reads = _reads(briefs)
    doubts = _unique([each.doubts for each in briefs])
    for read in reads:
        check_wildcards(read)
    platforms = tuple(str(each) for each in platforms_of(definition.platforms, native))
    return Outline(
        dockerfile=entry,
        meaning=meaning(
            definition,
            platforms,
            [each.meaning for each in briefs],
            [entry.oid] if doubts else [],
            foreign=briefed.foreign,
        ),
        reads=reads,
        doubts=doubts,
        places=places.of(definition, {read.context for read in reads}),
        edges=_edges(definition, briefs),
        external=_external(briefs),
        inherited=tuple([each.inherited for each in briefs]),
        names=briefed.names,
    )


def _edges(definition: ImageDef, briefs: Sequence[Brief]) -> tuple[Edge, ...]:
    contexts = {context_key(each.name) for each in definition.contexts}

    def kind(reference: Reference) -> str:
        return "context" if contexts and context_key(reference.name) in contexts else reference.kind

    found = {
        (resolved.image, kind(reference), reference.name): reference.where
        for each in briefs
        for reference, resolved in reversed(each.references)
        if isinstance(resolved, ParentImage)
    }
    edges = [Edge(definition.name, *key, where) for key, where in found.items()]
    edges += [
        Edge(definition.name, each, "declared", "", definition.place("depends_on")) for each in definition.depends_on
    ]
    return tuple(sorted(edges, key=lambda each: (each.parent, each.kind, each.name)))


def _external(briefs: Collection[Brief]) -> tuple[tuple[str, Where | None], ...]:
    found: dict[str, Where | None] = {}
    for each in briefs:
        for reference, resolved in each.references:
            if isinstance(resolved, ExternalImage):
                found.setdefault(resolved.ref, reference.where)
    return tuple(sorted(found.items(), key=lambda pair: pair[0]))


def _reads(briefs: Sequence[Brief]) -> tuple[Read, ...]:
    """Return what any of the recipes reads. Most images have one, and every line of it that reads does so once."""
    if len(briefs) == 1:
        (found,) = briefs
        if len({(each.where.line, each.where.col) for each in found.reads}) == len(found.reads):
            return found.reads
    return _unique([each.reads for each in briefs])


def _unique(values: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(itertools.chain(*values))) if any(values) else ()
