"""Publishing the images of a run: the content tag of each as soon as it is there, the moving tags last.

A name counts as pushed only after its manifest was read back; the content tag is read again at the end of the run, as
others may have moved it. Tags only move a manifest that is there, so none ever points to something partial.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from mbuild.app.holdings import Holdings
from mbuild.app.requests import content_name
from mbuild.builders.protocol import Builder
from mbuild.errors import MbuildError, Problem
from mbuild.graph.node import Graph
from mbuild.process.atonce import at_once
from mbuild.registry.registries import Registries
from mbuild.schedule.plan import BUILD, REUSE, Plan
from mbuild.values import dataclass, field, replace

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Published:
    """What is in the registry now. names: read back, the content tag first; digest: of the manifest of all of them.

    source: the name that it was promoted from, "" where it was not.
    """

    digest: str
    names: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is asked for.

    push:      images are published. tags_last: moving tags wait until all images of the run are there.
    named:     images that are to get names where the builder keeps images, so they are brought if only a registry has
               them.
    notes:     annotations of everything that is published; None: manifests are published as they are.
    """

    push: bool = False
    tags_last: bool = True
    named: Collection[str] = ()
    notes: Mapping[str, str] | None = None


@dataclass(slots=True)
class Publisher:
    """Publishes the images of one run.

    push:      whether images are published at all; else the registries are only there to bring images from.
    tags_last: moving tags wait until all images of the run are there.
    held:      content names that the registry had when the run began → digest.
    elsewhere: content names that the builder does not have; fetched: those of them that it needs.
    sources:   content names that are promoted from another repository of their registry → the name there.
    notes:     annotations of everything that is published; None: manifests are published as they are.
    """

    builder: Builder
    registries: Registries
    push: bool = False
    tags_last: bool = True
    held: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Collection[str] = ()
    fetched: Collection[str] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] | None = None
    done: dict[str, Published] = field(default_factory=dict)
    waiting: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def fetch(self, content: str) -> bool:
        """Bring an image if the builder needs it; tells whether the builder has it afterwards."""
        if content in self.fetched:
            if content in self.sources:
                self.registries.promote(self.sources[content], [content])
            return self.builder.pull(content, self.registries)
        return content not in self.elsewhere

    def publish(self, image: str, names: Sequence[str], notes: Mapping[str, str]) -> None:
        """Have an image under its content tag, the first name, in its registry. Raises RegistryError.

        notes: annotations of this image. What the registry has already stays as it is. The other names follow at once,
        or wait for ``finish``.
        """
        content, *others = names
        digest, source = self.held.get(content), self.sources.get(content, "")
        if digest is None and source:
            digest = self.registries.promote(source, [content])
        elif digest is None:
            digest = self.builder.push(content, self.registries)
            if self.notes is not None:
                digest = self.registries.annotate(content, digest, {**self.notes, **notes})
        self.done[image] = Published(digest, (content,), source=source)
        self.waiting[image] = tuple(others)
        if not self.tags_last:
            self.done[image] = found = self._tag(image)
            if found.problems:
                raise MbuildError(found.problems)

    def finish(self, caught: Collection[int] = ()) -> Mapping[str, tuple[Problem, ...]]:
        """Give all images the names that wait, several at once; returns the problems of those that have some.

        caught: signals, if there come any: then no more names are given.
        """

        def finish(image: str) -> None:
            if not caught:
                self.done[image] = self._tag(image, caught)

        at_once(finish, list(self.waiting), AT_ONCE)
        return {image: found.problems for image, found in self.done.items() if found.problems}

    def _tag(self, image: str, caught: Collection[int] = ()) -> Published:
        """Give an image the names that wait, by the manifest that its content tag is found to have now."""
        there = self.done[image]
        content, *given = there.names
        digest, names, problems = there.digest, list[str](), tuple[Problem, ...]()
        try:
            manifest = self.registries.verified(content, digest)
            # Where it is what another run has published since, all names are to lead to that.
            names = [content, *(given if manifest.digest == digest else ())]
            digest = manifest.digest
            for name in self.waiting.get(image, ()):
                if name not in names and not caught:
                    self.registries.give(content, manifest, name)
                    names.append(name)
        except MbuildError as error:
            problems = error.problems
        return replace(there, digest=digest, names=tuple(names), problems=problems)


def publisher(
    how: Publishing, plan: Plan, graph: Graph, holdings: Holdings, builder: Builder, registries: Registries
) -> Publisher | None:
    """Return what brings and publishes the images of a plan; None where registries have no part in it."""
    if not how.push and not holdings.elsewhere:
        return None
    built = {step.image for step in plan.active if step.action == BUILD}
    brought = _reused(plan, holdings) & needed(plan, how.named)
    # What is built anyway is pushed anyway.
    stale = _contents(graph, built)
    held = {name: digest for name, digest in holdings.registry.items() if name not in stale}
    sources = {name: source for name, source in holdings.sources.items() if name not in stale}
    places = (held, _contents(graph, holdings.elsewhere), _contents(graph, brought), sources)
    return Publisher(builder, registries, how.push, how.tags_last, *places, notes=how.notes)


def needed(plan: Plan, named: Collection[str]) -> frozenset[str]:
    """Return the images that have to be where the builder keeps images: parents of what is built, and those named."""
    used = (parent for step in plan.active if step.action == BUILD for parent in step.parents)
    return frozenset((*named, *used))


def left(plan: Plan, holdings: Holdings, named: Collection[str]) -> frozenset[str]:
    """Return the images that stay in their registry alone: without a push nothing gives them other names."""
    return _reused(plan, holdings) - needed(plan, named) if holdings.elsewhere else frozenset()


def _reused(plan: Plan, holdings: Holdings) -> frozenset[str]:
    return frozenset(step.image for step in plan.active if step.action == REUSE) & holdings.elsewhere


def _contents(graph: Graph, images: Iterable[str]) -> frozenset[str]:
    return frozenset(content_name(graph.nodes[name]) for name in images)
