"""Where the keys of an image's entry stand, for messages about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mbuild.config.nodes import Fields, Items, Node, Scalar

Place = tuple[str, Node]


def places(entry: Node) -> Iterator[Place]:
    """Yield (``dockerfile``, ``args``, ``args.PYTHON``, ``depends_on.base`` …, the node to point at) of an entry.

    A message about a text points at the text, about a list or mapping at its key, about a part of it at that part.
    """
    if isinstance(entry, Fields):
        for name, (key, value) in entry.fields.items():
            yield name, value if isinstance(value, Scalar) else key
            yield from _below(name, value)


def _below(name: str, value: Node) -> Iterator[Place]:
    if isinstance(value, Fields):
        for key, (_, part) in value.fields.items():
            yield f"{name}.{key}", part
    elif isinstance(value, Items):
        for item in value.items:
            if (label := _label(item)) is not None:
                yield f"{name}.{label}", item


def _label(item: Node) -> str | None:
    """Return the text of an item, or the id of a secret."""
    if isinstance(item, Fields):
        identity = item.fields.get("id")
        item = identity[1] if identity else item
    return item.text if isinstance(item, Scalar) else None
