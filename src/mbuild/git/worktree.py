"""The work tree: HEAD with what was edited, added and deleted on disk."""

from __future__ import annotations

import bisect
import io
import os
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from mbuild.changes import scattered_after
from mbuild.errors import ChangedWhileRead, GitError
from mbuild.git.edits import collect
from mbuild.git.hashing import file_ids
from mbuild.git.trees import sizes_of
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, is_within

if TYPE_CHECKING:
    from mbuild.changes import Change
    from mbuild.git.repository import Repository

_KIND = stat.S_IFMT(0xFFFF)
_KINDS = {FILE: stat.S_IFREG, EXECUTABLE: stat.S_IFREG, SYMLINK: stat.S_IFLNK}
"""What is on disk, of the kinds that lstat tells apart, for each mode of an entry with content."""


class WorkTree:
    """The files of the work tree that git tracks or would track, as they were when this was made.

    Ids are those ``git add`` would give. Content comes from disk, where filters (line ends, LFS) have been undone: what
    a builder would be sent. Files a sparse checkout left out come from the objects.

    head:  the commit checked out, None on an unborn branch.
    base:  the tree of that commit.
    edits: what differs from it, by path, sorted.
    submodules: the work trees in the submodules that are checked out, by path.
    """

    def __init__(self, repository: Repository) -> None:
        """Ask git and the disk. Raises GitError."""
        self.repository = repository
        told, edits = collect(repository)
        self.head = told.head
        self.base = edits.base
        self.edits: Mapping[str, Change] = MappingProxyType(edits.changes())
        self.submodules: Mapping[str, WorkTree] = MappingProxyType(edits.submodules)
        self._disk = edits.disk
        self._paths = list(self.edits)

    @property
    def dirty(self) -> bool:
        """Whether anything differs from HEAD."""
        return bool(self.edits)

    @property
    def dirty_paths(self) -> tuple[str, ...]:
        """The paths that differ from HEAD, sorted."""
        return tuple(self._paths)

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path, or None (also for a folder)."""
        edit = self.edits.get(path)
        return edit.new if edit is not None else self.base.entry(path)

    def expect(self, paths: Collection[str]) -> None:
        """Have HEAD's tree get ready for what was not edited."""
        self.base.expect([path for path in paths if path not in self.edits])

    def expect_below(self, folders: Collection[str]) -> None:
        """Have HEAD's tree get ready."""
        self.base.expect_below(folders)

    def below(self, folder: str, levels: int | None = None) -> tuple[Entry, ...]:
        """Return every entry below a folder, sorted by path; ``""`` is the git root. levels: only so many down."""
        clean = self.base.below(folder, levels)
        edited = self._edited(folder)
        if not edited:
            return clean
        entries = [each for each in clean if each.path not in edited]
        new = (edit.new for edit in edited.values() if edit.new is not None)
        entries += [each for each in new if is_within(each.path, folder, levels)]
        return tuple(sorted(entries, key=lambda each: each.path))

    def folder(self, path: str) -> bool:
        """Tell whether something is below a folder."""
        edited = self._edited(path)
        if any(edit.new is not None for edit in edited.values()):
            return True
        return bool(self.below(path)) if edited else self.base.folder(path)

    def scattered(self) -> Sequence[Entry]:
        """Return every link and attributes file, sorted by path."""
        return scattered_after(self.base.scattered(), self.edits.values())

    def _edited(self, folder: str) -> dict[str, Change]:
        if not folder:
            return dict(self.edits)
        first = bisect.bisect_left(self._paths, folder + "/")
        last = bisect.bisect_left(self._paths, folder + "0", first)  # "0" is the character after "/"
        return {path: self.edits[path] for path in self._paths[first:last]}

    def read(self, entry: Entry) -> bytes:
        """Return the content of a file, or the target of a link. Raises ChangedWhileRead."""
        if self._on_disk(entry):
            if entry.mode == SYMLINK:
                return self._disk.target(entry.path)
            stream = self._disk.open(entry.path)
            if stream is None:
                raise ChangedWhileRead(entry.path)
            with stream:
                return stream.read()
        return self.repository.objects.read(entry.oid, entry.path)

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a file, without following links and without ever blocking."""
        if entry.mode in (SYMLINK, SUBMODULE):
            return io.BytesIO(self.read(entry))
        # No look beforehand: contexts have many files, and the open itself tells what is there.
        return self._disk.open(entry.path) or self.repository.objects.open(entry.oid, entry.size, entry.path)

    def rehash(self, entry: Entry) -> str:
        """Return the id that git gives a file as it is on disk now, filters applied (``context.source.Rehash``)."""
        if not self._on_disk(entry):
            return entry.oid
        return file_ids(self.repository, [entry.path], [entry.path])[0]

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        """Return the size of each in bytes, -1 for a submodule. On disk files may differ in it from their blobs."""
        listed, found = list(entries), list[int | None]()
        for entry, looked in zip(listed, self._disk.look_each([each.path for each in listed]), strict=True):
            if looked is None or entry.mode == SUBMODULE:
                found.append(None)
            elif looked.st_mode & _KIND != _KINDS[entry.mode]:
                raise ChangedWhileRead(entry.path)
            else:
                found.append(looked.st_size)
        absent = [entry for entry, size in zip(listed, found, strict=True) if size is None]
        known = iter(sizes_of(self.repository, absent) if absent else ())
        return [next(known) if size is None else size for size in found]

    def absent(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the files of which the content comes from the objects, as a sparse checkout leaves them out."""
        listed = [each for each in entries if each.mode != SUBMODULE]
        looked = self._disk.look_each([each.path for each in listed])
        return [entry for entry, found in zip(listed, looked, strict=True) if found is None]

    def _on_disk(self, entry: Entry) -> bool:
        return self._found(entry) is not None

    def _found(self, entry: Entry) -> os.stat_result | None:
        """Return lstat of an entry, None where it is not on disk. Raises ChangedWhileRead for something else."""
        if entry.mode == SUBMODULE:
            raise GitError(f"{entry.path} is a submodule: it has no content of its own")
        found = self._disk.look(entry.path)
        if found is not None and found.st_mode & _KIND != _KINDS[entry.mode]:
            raise ChangedWhileRead(entry.path)
        return found
