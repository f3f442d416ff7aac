"""What an image takes from the tree."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from mbuild.errors import Where
from mbuild.tree import Entry
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.graph.pieces import Piece


@dataclass(frozen=True, slots=True)
class ContextUse:
    """What an image reads from one folder.

    name:    "" for the build's context, else the named context.
    root:    the folder, from the git root.
    pieces:  what is taken, in order: all of one comes before all of the next.
    folders: sorted: those that things taken are in, and those that must exist although nothing in them is read.
    ignore:  path of the ignore file in force, from the git root, or "".
    whole:   everything under the root that is not ignored is read.
    missing: the sources that match nothing.
    attributes: path and digest of each file that says how what is sent is checked out (``Attributes.converting``).
    """

    name: str
    root: str
    pieces: tuple[Piece, ...]
    folders: tuple[str, ...] = ()
    ignore: str = ""
    whole: bool = False
    missing: tuple[Missing, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is taken, sorted; paths are relative to ``root``."""
        return tuple(chain.from_iterable(each.entries for each in self.pieces))

    def path(self, entry: Entry) -> str:
        """Return the entry's path from the git root."""
        return f"{self.root}/{entry.path}" if self.root else entry.path


@dataclass(frozen=True, slots=True)
class Measured:
    """What there is to say of an image once its contexts have been looked at.

    identity: see ``fingerprint.identity``. files: entries; bytes: those of files and of links' targets.
    digests:  of each context, as ``context_digest`` makes it. missing: the sources that match nothing.
    uses:     (kind, name, parent) of its edges. exact: as ``Node.exact``.
    """

    identity: str
    files: int
    bytes: int
    digests: tuple[str, ...]
    missing: tuple[Missing, ...]
    uses: tuple[tuple[str, str, str], ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A source that nothing in the context matches: the build would fail."""

    source: str
    context: str
    where: Where
