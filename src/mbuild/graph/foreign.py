"""What an image uses whose Dockerfile another frontend than Docker's reads: all that it can be given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mbuild.dockerfile.model import ParentImage, Read, Reference
from mbuild.errors import Where
from mbuild.graph.lookup import Lookup
from mbuild.images import ImageDef


def folders(definition: ImageDef, where: Where) -> tuple[Read, ...]:
    """Return the reads of its named contexts: all of each folder."""
    return tuple(Read(each.name, "FROM", ("/",), where) for each in definition.contexts if each.kind == "folder")


def parents(
    definition: ImageDef, references: Iterable[Reference], where: Where, lookup: Lookup, names: dict[str, str]
) -> Iterator[tuple[Reference, ParentImage]]:
    """Yield the images of this repository that it can use. names: takes what was looked up.

    references: the frontend, and what the Dockerfile names. where: the place of what named contexts are used by.
    """
    contexts = (Reference(each.name, "context", where) for each in definition.contexts if each.kind != "folder")
    for reference in (*references, *contexts):
        image = names[reference.name] = lookup.image_of(definition, reference.name)
        if image:
            yield reference, ParentImage(image)
