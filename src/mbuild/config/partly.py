"""What is left of a build.yaml that is not valid, so that all that is wrong with it is reported together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mbuild.config.nodes import Key, Plain

_PARTS = frozenset(("version", "project", "registry", "defaults", "images"))
_NAMED = 2
"""How long the path of an image is."""


def without(document: Plain, wrong: Iterable[Sequence[Key]]) -> Plain | None:
    """Return a document without what is at some paths from its top; of lists nothing is taken, so that places hold.

    Every image keeps its name. None where names are lost, or may be (``discover``, a key that nobody knows): others
    would seem to need what is not there.
    """
    taken = set()
    for path in wrong:
        there = _there(document, path)
        lost = there[:1] == ("images",) and (len(there) < _NAMED or (len(there) == _NAMED and len(path) > _NAMED))
        if lost or not _PARTS.issuperset(there[:1]) or not there:
            return None
        taken.add(there)
    return _rest(document, (), taken)


def _there(node: Plain, path: Sequence[Key]) -> tuple[str, ...]:
    """Return as much of a path as is there in mappings."""
    found: list[str] = []
    for key in path:
        if not isinstance(node, dict) or not isinstance(key, str) or key not in node:
            break
        found.append(key)
        node = node[key]
    return tuple(found)


def _rest(node: Plain, path: tuple[str, ...], taken: Collection[tuple[str, ...]]) -> Plain:
    if not isinstance(node, dict):
        return node
    left: dict[str, Plain] = {}
    for key, value in node.items():
        here = (*path, key)
        if here not in taken:
            left[key] = _rest(value, here, taken)
        elif here[:-1] == ("images",):
            left[key] = None
    return left
