"""What an image takes from the tree."""

from __future__ import annotations

from dataclasses import dataclass

from mbuild.errors import Where
from mbuild.tree import Entry


@dataclass(frozen=True, slots=True)
class ContextUse:
    """What an image reads from one folder.

    name:    "" for the build's context, else the named context.
    root:    the folder, from the git root.
    entries: sorted; paths are relative to ``root``. folders: that must exist although nothing in them is read.
    ignore:  path of the ignore file in force, from the git root, or "".
    whole:   everything under the root that is not ignored is read.
    """

    name: str
    root: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    ignore: str = ""
    whole: bool = False

    def path(self, entry: Entry) -> str:
        """Return the entry's path from the git root."""
        return f"{self.root}/{entry.path}" if self.root else entry.path


@dataclass(frozen=True, slots=True)
class Missing:
    """A source that nothing in the context matches: the build would fail."""

    source: str
    context: str
    where: Where
