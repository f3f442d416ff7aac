"""From a name in a Dockerfile to an image of this repository.

A name matches by repository, tag and digest set aside (``FROM shop/base:1.0`` is the image ``shop/base``), among the
images' names, full names and aliases. An alias that has a tag matches that tag only, so that one repository can hold
several images under several tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mbuild.images import ImageDef
from mbuild.names import NameProblem, parse_reference


@cache
def _key(name: str) -> tuple[str, str] | None:
    """Return (normalised repository, tag) of a reference, or None where it is no image reference."""
    try:
        reference = parse_reference(name)
    except NameProblem:
        return None
    return f"{reference.domain}/{reference.path}", reference.tag or ""


class Lookup:
    """The names under which the images of one project are known."""

    def __init__(self, images: Iterable[ImageDef]) -> None:
        """Index the images. Where two claim one name, full names win over aliases, aliases over short names."""
        self._by_repository: dict[str, str] = {}
        self._by_tag: dict[tuple[str, str], str] = {}
        images = tuple(images)
        for image in images:
            self._add(image.full_name, image.name)
        for image in images:
            for alias in image.aliases:
                self._add(alias, image.name)
        for image in images:
            self._add(image.name, image.name)

    def _add(self, name: str, image: str) -> None:
        key = _key(name)
        if key is None:
            return
        if key[1]:
            self._by_tag.setdefault(key, image)
        else:
            self._by_repository.setdefault(key[0], image)

    def find(self, name: str, asking: str) -> str | None:
        """Return the image that ``name`` means in the Dockerfile of the image ``asking``, or None: it is external.

        An image never means itself: ``FROM redis:7`` in the image ``redis`` is the public one.
        """
        key = _key(name)
        if key is None:
            return None
        found = self._by_tag.get((key[0], key[1] or "latest")) or self._by_repository.get(key[0])
        return None if found == asking else found
