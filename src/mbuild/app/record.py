"""What the record of a run says besides how images ended: their sizes, and the digests of what they are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mbuild.app.requests import content_name
from mbuild.builders.protocol import Builder, Stored
from mbuild.errors import Problem
from mbuild.events import Emit, Event, Step
from mbuild.graph.node import Graph, Node
from mbuild.names import NameProblem, parse_reference
from mbuild.output.report import Done, External, ImageReport, Made, Parent, Report
from mbuild.registry.registries import Registries
from mbuild.schedule.machine import GOOD
from mbuild.values import dataclass, field, replace

# BuildKit names the step after what it looked up (``dockerfile2llb/convert.go``): [1/2] FROM HOST/NAME:TAG@DIGEST.
_FROM = re.compile(r"\[[^\]]*\] FROM (\S+?)@(sha256:[0-9a-f]{64})\b")


@dataclass(slots=True)
class Pulled:
    """Takes down, while images are built, which digest each external image had.

    emit: what else is told of events. _found: by image and reference.
    """

    emit: Emit
    _found: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take note of an event, and pass it on."""
        self.emit(event)
        found = _FROM.match(event.name) if isinstance(event, Step) else None
        if found and isinstance(event, Step):
            # Of steps that builds share BuildKit tells again, maybe as another build saw them.
            self._found.setdefault((event.image, _normal(found[1])), found[2])

    def digest(self, image: str, reference: str) -> str | None:
        """Return the digest of an external image that an image was built with, None where nobody said it."""
        pinned = parse_reference(reference).digest
        return pinned or self._found.get((image, _normal(reference)))


def _normal(reference: str) -> str:
    found = parse_reference(reference)
    return f"{found.domain}/{found.path}:{found.tag or 'latest'}"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the images of a run are. registries: asked for what was pushed or is in no other place."""

    builder: Builder
    registries: Registries
    pulled: Pulled


def recorded(report: Report, graph: Graph, places: Places) -> Report:
    """Return a report of a run with what each image that is there is made of. Raises RegistryError."""
    ended = {each.name: each.done for each in report.images if each.done is not None and each.done.status in GOOD}
    contents = {name: content_name(graph.nodes[name]) for name in graph.with_parents(ended)}
    held = places.builder.stored(contents.values())
    ids = {name: held[content].image_id for name, content in contents.items() if content in held}
    sizes = _sizes(ended, contents, held, places.registries)

    def parent(name: str) -> Parent:
        return Parent(name, ended[name].digest if name in ended else None, ids.get(name))

    def whole(each: ImageReport, done: Done) -> ImageReport:
        external = tuple(_external(graph.nodes[each.name], places.pulled))
        made = Made(sizes.get(each.name), tuple(parent(name) for name in each.parents), external)
        return replace(each, made=made, done=replace(done, image_id=done.image_id or ids.get(each.name)))

    images = [whole(each, ended[each.name]) if each.name in ended else each for each in report.images]
    return replace(report, images=tuple(images))


def _sizes(
    ended: Mapping[str, Done], contents: Mapping[str, str], held: Mapping[str, Stored], registries: Registries
) -> Mapping[str, int]:
    """Return the size of each image: where it was pushed, as others will pull it; else as the builder keeps it."""
    found = {name: held[contents[name]].size for name in ended if contents[name] in held and not ended[name].pushed}
    sizes = registries.sizes([contents[name] for name in ended if name not in found])
    return found | {name: sizes[contents[name]] for name in ended if contents[name] in sizes}


def _external(node: Node, pulled: Pulled) -> Iterator[External]:
    for reference, _ in node.external:
        try:
            yield External(reference, pulled.digest(node.name, reference))
        except NameProblem:
            yield External(reference, None)  # a named context that is no image, such as a URL


def lacking(report: Report) -> list[Problem]:
    """Return what a record does not say of images that are there, a problem for each image."""
    return [
        Problem(f"the record is not complete: image '{each.name}' has no {' and no '.join(missing)}")
        for each in report.images
        if (missing := list(_missing(each)))
    ]


def _missing(each: ImageReport) -> Iterator[str]:
    done, made = each.done, each.made
    if done is None or made is None:
        return
    if made.size is None:
        yield "size"
    if done.digest is None and done.image_id is None:
        yield "digest"
    for parent in made.parents:
        if parent.digest is None and parent.image_id is None:
            yield f"digest of its parent '{parent.name}'"
