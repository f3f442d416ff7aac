"""What the guard makes of a build.yaml: plain text, lists and mappings, each with its place.

Scalars stay the text they were written as, so ``3.10`` is ``3.10``, ``on`` is ``on`` and ``017`` is ``017``; only an
unquoted nothing, ``~`` and ``null`` mean that there is no value (YAML 1.2, core schema).
"""

from __future__ import annotations

from collections.abc import Sequence

from mbuild.values import NamedTuple

Key = str | int
Plain = str | None | list["Plain"] | dict[str, "Plain"]

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Scalar(NamedTuple):
    """Text at a line and column, counted from 1; ``quoted``: it was not written plainly."""

    line: int
    col: int
    text: str
    quoted: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it stands for no value."""
        return not self.quoted and self.text in _NULLS


class Items(NamedTuple):
    """A list."""

    line: int
    col: int
    items: tuple[Node, ...]


class Fields(NamedTuple):
    """A mapping: key → (key, value), the key being a Scalar with a place of its own."""

    line: int
    col: int
    fields: dict[str, tuple[Scalar, Node]]


Node = Scalar | Items | Fields


def plain(node: Node) -> Plain:
    """Return a node without places: text, None, lists and dictionaries."""
    if isinstance(node, Scalar):
        return None if node.is_null else node.text
    if isinstance(node, Items):
        return [plain(each) for each in node.items]
    return {key: plain(value) for key, (_, value) in node.fields.items()}


def kind(node: Node) -> str:
    """Return what a message calls a node."""
    if isinstance(node, Scalar):
        return "nothing" if node.is_null else "text"
    return "a list" if isinstance(node, Items) else "a mapping"


def step(node: Node, key: Key) -> tuple[Scalar | None, Node] | None:
    """Return (key, value) one level down; the key is None in a list; None when there is no such entry."""
    if isinstance(node, Fields) and isinstance(key, str):
        return node.fields.get(key)
    if isinstance(node, Items) and isinstance(key, int) and key < len(node.items):
        return None, node.items[key]
    return None


def closest(node: Node, path: Sequence[Key]) -> tuple[Scalar | None, Node]:
    """Return (key, value) at a path, or of the last entry on the way that exists."""
    found: tuple[Scalar | None, Node] = (None, node)
    for key in path:
        below = step(found[1], key)
        if below is None:
            break
        found = below
    return found
