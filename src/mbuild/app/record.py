"""What the record of a run says besides how images ended: their sizes, and the digests of what they are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mbuild.app.holdings import names_registry
from mbuild.app.requests import content_name
from mbuild.app.running import Run
from mbuild.builders.bases import only_images, used
from mbuild.builders.protocol import Builder, Stored
from mbuild.errors import Problem
from mbuild.graph.node import Graph
from mbuild.output.report import Done, External, ImageReport, Made, Parent, Report
from mbuild.registry.annotations import bases_in
from mbuild.registry.registries import Registries
from mbuild.schedule.machine import GOOD
from mbuild.store.bases import Bases
from mbuild.values import dataclass, replace

AGAIN = "build it again: --force"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the images of a run are. registries: asked for what was pushed or is in no other place; None: they are not.

    remembered: which external images those were made of that earlier runs have built. there: content names that
    registries had when the run began → digest.
    """

    builder: Builder
    registries: Registries | None
    remembered: Bases
    there: Mapping[str, str]


def recorded(report: Report, run: Run, graph: Graph, places: Places) -> Report:
    """Return the report of a run with what each image that is there is made of. Raises RegistryError."""
    ended = {each.name: each.done for each in report.images if each.done is not None and each.done.status in GOOD}
    contents = {name: content_name(graph.nodes[name]) for name in graph.with_parents(ended)}
    held = places.builder.stored(contents.values(), again=any(done.status != "reused" for done in ended.values()))
    here = {name: held[content] for name, content in contents.items() if content in held}
    # Where images are called by their manifest, nobody says what their configuration is.
    ids = {name: each.image_id for name, each in here.items() if each.image_id != each.digest}
    ids |= {name: done.image_id for name, done in ended.items() if done.image_id}
    sizes = _sizes(ended, contents, held, places.registries)
    external = {name: only_images(ref for ref, _ in graph.nodes[name].external) for name in ended}
    bases = _bases({name: contents[name] for name, images in external.items() if images}, run, here, places)

    def digest(name: str) -> str | None:
        kept = here[name].digest if name in here else places.there.get(contents[name])
        return (ended[name].digest if name in ended else None) or kept

    def parent(name: str) -> Parent:
        return Parent(name, digest(name), ids.get(name))

    def whole(each: ImageReport, done: Done) -> ImageReport:
        found = used(external[each.name], bases.get(each.name, {}))
        made = Made(sizes.get(each.name), tuple(map(parent, each.parents)), tuple(map(External, found, found.values())))
        known = replace(done, image_id=ids.get(each.name), digest=digest(each.name))
        return replace(each, made=made, done=known)

    images = [whole(each, ended[each.name]) if each.name in ended else each for each in report.images]
    return replace(report, images=tuple(images))


def _sizes(
    ended: Mapping[str, Done], contents: Mapping[str, str], held: Mapping[str, Stored], registries: Registries | None
) -> Mapping[str, int]:
    """Return the size of each image: where it was pushed, as others will pull it; else as the builder keeps it."""
    found = {name: held[contents[name]].size for name in ended if contents[name] in held and not ended[name].pushed}
    sizes = registries.sizes([contents[name] for name in ended if name not in found]) if registries else {}
    return found | {name: sizes[contents[name]] for name in ended if contents[name] in sizes}


def _bases(
    contents: Mapping[str, str], run: Run, here: Mapping[str, Stored], places: Places
) -> Mapping[str, Mapping[str, str]]:
    """Return which external images each image was made of: as this run says, an earlier one here, or its manifest."""
    results = {name: result for name in contents if (result := run.result(name)) and result.status != "reused"}
    found = {name: result.bases for name, result in results.items()}
    left = [name for name in contents if name not in found]
    found |= {name: places.remembered.get(here[name].image_id if name in here else None) for name in left}
    unknown = {
        contents[name]: name
        for name, bases in found.items()
        if not bases and name not in results and (name in run.published or names_registry(contents[name]))
    }
    published = places.registries.annotations(unknown) if places.registries else {}
    return found | {unknown[content]: bases_in(notes) for content, notes in published.items()}


def lacking(report: Report) -> list[Problem]:
    """Return what a record does not say of images that are there, a problem for each image."""
    return [
        Problem(
            f"the record is not complete: image '{each.name}' has no {' and no '.join(missing)}", hints=_hints(each)
        )
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
    for external in _unknown(each):
        yield f"digest of the {external.reference} it was built with"


def _unknown(each: ImageReport) -> tuple[External, ...]:
    return tuple(external for external in (each.made.external if each.made else ()) if external.digest is None)


def _hints(each: ImageReport) -> tuple[str, ...]:
    """Return what to do about external images: an image that exists may have been built where nobody took note."""
    pins = tuple(f"pin it by digest, as in {external.reference}@sha256:…" for external in _unknown(each)[:1])
    return (*pins, "or build it again: --force") if pins else ()
