"""Names that two images cannot both have. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mbuild.config.findings import Findings
from mbuild.errors import Where
from mbuild.images import ImageDef
from mbuild.references import NameProblem, Reference, parse_reference, quoted


def check_names(images: Iterable[ImageDef], findings: Findings) -> None:
    """Note every full name or alias by which a Dockerfile could mean either of two images that differ."""
    images = tuple(images)
    owners = _full_names(images, findings)
    aliases: dict[tuple[str, str], ImageDef] = {}
    for image in images:
        for alias in image.aliases:
            reference = parse_reference(alias)
            first = aliases.setdefault((reference.repository, reference.tag), image)
            owner = None if reference.tag else owners.get(reference.repository)
            for other in (first, owner):
                if other is not None and not _same(other, image):
                    message = f"the alias {quoted(alias)} means both '{other.name}' and '{image.name}'"
                    findings.add(message, image.place(f"aliases.{alias}") or Where(findings.shown))


def _full_names(images: Iterable[ImageDef], findings: Findings) -> dict[str, ImageDef]:
    owners: dict[str, ImageDef] = {}
    for image in images:
        reference = _reference(image.full_name)
        first = owners.setdefault(reference.repository, image) if reference else image
        if first is not image:
            message = f"'{first.name}' and '{image.name}' are one repository, {quoted(str(reference))}"
            findings.add(message, image.where or Where(findings.shown), "rename one of them")
    return owners


def _reference(name: str) -> Reference | None:
    """Return the reference of a full name; None for one that has been found wrong before."""
    try:
        return parse_reference(name)
    except NameProblem:
        return None


def _same(a: ImageDef, b: ImageDef) -> bool:
    """Return whether two images are made alike, so that it is no matter which of them a name means."""
    return a is b or _making(a) == _making(b)


def _making(image: ImageDef) -> tuple[object, ...]:
    contexts = tuple((each.name, each.kind, each.value) for each in image.contexts)
    narrowed = (image.include, image.exclude, image.depends_on)
    return image.dockerfile, image.context_root, image.target, image.args, image.platforms, contexts, narrowed
