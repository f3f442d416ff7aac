"""What build.yaml says of all images of a project, wherever that comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from mbuild.images import ImageDef


class Definitions(Protocol):
    """The definitions of all images at one tree. Most questions are about few of them."""

    def all(self) -> Sequence[ImageDef]:
        """Return all of them."""
        ...

    def of(self, name: str) -> ImageDef:
        """Return that of one image. Raises KeyError."""
        ...

    def platforms(self, name: str) -> tuple[str, ...]:
        """Return the platforms that an image names. Raises KeyError."""
        ...

    def filed(self) -> Mapping[str, str]:
        """Return the image that each name means (``lookup.filed``)."""
        ...


class Defined:
    """Definitions that are all there."""

    def __init__(self, images: Sequence[ImageDef]) -> None:
        """Take the definitions."""
        self._images = images

    def all(self) -> Sequence[ImageDef]:
        """Return all of them."""
        return self._images

    def of(self, name: str) -> ImageDef:
        """Return that of one image. Raises KeyError."""
        return self._by_name[name]

    def platforms(self, name: str) -> tuple[str, ...]:
        """Return the platforms that an image names. Raises KeyError."""
        return self._by_name[name].platforms

    def filed(self) -> Mapping[str, str]:
        """Return the image that each name means."""
        from mbuild.graph.lookup import filed

        return filed(self._images)

    @cached_property
    def _by_name(self) -> Mapping[str, ImageDef]:
        return {each.name: each for each in self._images}
