"""What one source takes from a context root, as it is put together with others to the context of an image.

Images share most of what they take, so what is worked out of a piece is worked out once. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Set
from functools import cached_property
from operator import attrgetter
from typing import Generic, TypeVar

from mbuild.context.order import context_digest, digest_of_records, ordered, records
from mbuild.context.select import folders_above
from mbuild.graph import fingerprint
from mbuild.graph.model import ContextUse
from mbuild.tree import Entry

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_PATH = attrgetter("path")


class Piece:
    """Entries of one context root, sorted, with paths relative to it."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        """Take entries."""
        self.entries = entries
        self.bytes = -1
        """The bytes of all files and links' targets, -1 until the tree has been asked."""

    @cached_property
    def encoded(self) -> bytes:
        """The part of a fingerprint's input."""
        return fingerprint.entries(self.entries)

    @cached_property
    def records(self) -> bytes | None:
        """The part of a context digest's input; None where bytes may have another order than ``str``."""
        if not "".join([each.path for each in self.entries]).isascii():
            return None
        return records(ordered("", self.entries))

    @cached_property
    def folders(self) -> Set[str]:
        """The folders that something taken lies in."""
        return folders_above(self.entries)

    def united(self, other: Piece) -> Piece:
        """Return what both take together; what one of them takes, the other may take too."""
        if all(map(self._has, other.entries)):
            return self
        found = {each.path: each for each in (*self.entries, *other.entries)}
        return Piece(tuple(found[path] for path in sorted(found)))

    def _has(self, entry: Entry) -> bool:
        at = bisect_left(self.entries, entry.path, key=_PATH)
        return at < len(self.entries) and self.entries[at].path == entry.path


def in_order(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return pieces of one root with the same entries, of which all of one come before all of the next."""
    found: list[Piece] = []
    there = (each for each in pieces if each.entries)
    for piece in sorted(there, key=lambda each: (each.entries[0].path, -len(each.entries))):
        if found and piece.entries[0].path <= found[-1].entries[-1].path:
            found[-1] = found[-1].united(piece)
        else:
            found.append(piece)
    return tuple(found)


def digest(use: ContextUse) -> str:
    """Return ``context_digest`` of what an image takes from one context."""
    parts = [each.records for each in use.pieces if each.records is not None]
    shown = {folder for each in use.pieces for folder in each.folders}
    if len(parts) == len(use.pieces) and shown.issuperset(use.folders):
        return digest_of_records(parts)
    return context_digest("", use.entries, use.folders)  # a folder that is empty has a record of its own


class Recent(Generic[K, V]):
    """Values that were made or used last."""

    def __init__(self, most: int) -> None:
        """Take how many are kept."""
        self._most = most
        self._known: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the value of a key."""
        found = self._known.pop(key, None)
        if found is not None:
            self._known[key] = found
        return found

    def put(self, key: K, value: V) -> None:
        """Keep a value, and let go of the one that was used longest ago."""
        self._known[key] = value
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
