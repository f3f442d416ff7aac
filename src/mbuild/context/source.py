"""What is sent to a builder: entries of a tree below one folder, as a value with a digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from mbuild.context.order import Conflict, Item, Named, context_digest, items_of, ordered
from mbuild.errors import ChangedWhileRead, GitError, Problem, printable
from mbuild.tree import SUBMODULE, Entry, Tree
from mbuild.values import dataclass


@runtime_checkable
class Rehash(Protocol):
    """A tree whose files may differ on disk from their blobs, by git's filters (line ends, LFS, …)."""

    def rehash(self, entry: Entry) -> str:
        """Return the id that git gives the file as it is on disk now, filters applied."""
        ...


@dataclass(frozen=True, slots=True)
class ContextSource:
    """The entries of one context, and where their content comes from.

    root:    the context root from the git root, "" for the git root itself.
    entries: paths from the git root, all below ``root``.
    folders: relative to ``root``: must be there even if nothing in them is sent. Those around entries may be named too.
    conversions: digests of what says how git checks the entries out: the same blob may be other content on disk.
    """

    tree: Tree
    root: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    conversions: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """The number of files and links."""
        return len(self.entries)

    @property
    def bytes(self) -> int:
        """The bytes of all files and of all links' targets, by the tree's own sizes."""
        unknown = [each for each in self.entries if each.size < 0 and each.mode != SUBMODULE]
        known = sum(max(0, each.size) for each in self.entries)
        return known + sum(self.tree.sizes(unknown)) if unknown else known

    def sizes(self) -> dict[str, int]:
        """Return the sizes of all entries in bytes by path, by the tree; -1 for submodules."""
        return dict(zip((each.path for each in self.entries), self.tree.sizes(self.entries), strict=True))

    @property
    def digest(self) -> str:
        """The digest of what is in the context: see ``context_digest``."""
        return context_digest(self.root, self.entries, self.folders)

    def files_alone(self) -> Sequence[Entry]:
        """Return the entries. Raises GitError when one is a submodule: its files are in another repository, and would
        be left out.
        """
        absent = [each.path for each in self.entries if each.mode == SUBMODULE]
        if absent:
            raise GitError(_submodule(path) for path in absent)
        return self.entries

    def ordered(self) -> list[Named]:
        """Return the entries in the order in which they are sent: see ``order.ordered``. Raises as ``files_alone``."""
        return ordered(self.root, self.files_alone(), self.folders)


def items(named: Sequence[Named]) -> Iterator[Item]:
    """Yield what is to be sent, every folder before the first thing in it.

    Raises ChangedWhileRead when one entry lies below another: a folder became a file or a link during the listing.
    """
    try:
        yield from items_of(named)
    except Conflict as error:
        raise ChangedWhileRead(error.entry.path) from error


def _submodule(path: str) -> Problem:
    message = f"the context needs files of the submodule {printable(path)}, which are not in this repository"
    hints = (f"git submodule update --init {printable(path)}", "or keep it out of the context with the ignore file")
    return Problem(message, hints=hints)
