"""From a name in a Dockerfile to an image of this repository.

A name matches by repository, tag and digest set aside (``FROM shop/base:1.0`` is the image ``shop/base``), among the
images' names, full names and aliases. An alias that has a tag matches that tag only, so that one repository can hold
several images under several tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from mbuild.images import ImageDef, NamedContext
from mbuild.references import NameProblem, context_key, parse_reference
from mbuild.values import dataclass

DOCKER_IMAGE = "docker-image://"


@cache
def _key(name: str) -> tuple[str, str] | None:
    """Return (normalised repository, tag) of a reference, or None where it is no image reference."""
    try:
        reference = parse_reference(name)
    except NameProblem:
        return None
    return f"{reference.domain}/{reference.path}", reference.tag or ""


def filed(images: Iterable[ImageDef]) -> dict[str, str]:
    """Return the image of each name, with its tag where it has one; names are normalised.

    Where two images claim one name, full names win over aliases, aliases over short names.
    """
    images = tuple(images)
    claims = [(image.full_name, image.name) for image in images]
    claims += [(alias, image.name) for image in images for alias in image.aliases]
    claims += [(image.name, image.name) for image in images]
    found: dict[str, str] = {}
    for name, image in claims:
        key = _key(name)
        if key is not None:
            found.setdefault(_written(*key), image)
    return found


def _written(repository: str, tag: str) -> str:
    """Return repository and tag as one text; no repository has a colon behind its last slash."""
    return f"{repository}:{tag}" if tag else repository


@dataclass(frozen=True, slots=True)
class Lookup:
    """The names under which the images of one project are known, as ``filed`` returns them."""

    names: Mapping[str, str]

    def image_of(self, definition: ImageDef, name: str) -> str:
        """Return the image that a name means in the Dockerfile of an image, "" for none of this repository.

        An image never means itself: ``FROM redis:7`` in the image ``redis`` is the public one.
        """
        context = context_for(definition, name)
        return self._find(definition, name) if context is None else self.image_behind(definition, context)

    def image_behind(self, definition: ImageDef, context: NamedContext) -> str:
        """Return the image that a named context of an image means, also where it is named as any image is."""
        if context.kind == "image":
            return context.value
        reference = _reference(context)
        return self._find(definition, reference) if reference else ""

    def _find(self, definition: ImageDef, reference: str) -> str:
        found = next((image for key in _keys(reference) if (image := self.names.get(key))), "")
        return "" if found == definition.name else found


def context_for(definition: ImageDef, name: str) -> NamedContext | None:
    """Return the named context that replaces a reference (BuildKit ``dockerui/namedcontext.go``)."""
    if not definition.contexts:
        return None
    key = context_key(name)
    return next((each for each in definition.contexts if context_key(each.name) == key), None)


def asked_for(definition: ImageDef, name: str) -> tuple[str, ...]:
    """Return the names (as in ``filed``) that are looked up, one after the other, for a name in a Dockerfile."""
    context = context_for(definition, name)
    reference = name if context is None else _reference(context)
    return _keys(reference) if reference else ()


def _reference(context: NamedContext) -> str:
    """Return the image reference that a named context is, "" for none."""
    is_image = context.kind == "external" and context.value.startswith(DOCKER_IMAGE)
    return context.value.removeprefix(DOCKER_IMAGE) if is_image else ""


def _keys(reference: str) -> tuple[str, ...]:
    key = _key(reference)
    return () if key is None else (_written(key[0], key[1] or "latest"), key[0])
