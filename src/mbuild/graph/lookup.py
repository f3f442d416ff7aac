"""From a name in a Dockerfile to an image of this repository.

A name matches by repository, tag and digest set aside (``FROM shop/base:1.0`` is the image ``shop/base``), among the
images' names, full names and aliases. An alias that has a tag matches that tag only, so that one repository can hold
several images under several tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from mbuild.images import ImageDef
from mbuild.names import NameProblem, parse_reference
from mbuild.values import dataclass


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

    def find(self, name: str, asking: str) -> str | None:
        """Return the image that ``name`` means in the Dockerfile of the image ``asking``, or None: it is external.

        An image never means itself: ``FROM redis:7`` in the image ``redis`` is the public one.
        """
        key = _key(name)
        if key is None:
            return None
        found = self.names.get(_written(key[0], key[1] or "latest")) or self.names.get(key[0])
        return None if found == asking else found
