"""Reading what is sent so that nothing but the content of the entries gets through.

Every byte is hashed on its way, as git hashes a blob, and the result must be the entry's id. Neither a stat before and
after nor git's word "clean" would do: both look at times, which an edit within one clock tick, a restored mtime, a
network file system or a mapped write leave as they were.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from mbuild.context.source import ContextSource, Rehash
from mbuild.errors import ChangedWhileRead, EnvironmentFault, printable
from mbuild.tree import Entry

if TYPE_CHECKING:
    from hashlib import _Hash

CHUNK = 1 << 18
LONGEST_TARGET = 4095
"""PATH_MAX of Linux without its NUL: no system call takes a longer link target."""

_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV}


class Reading:
    """The files of one context, read one after the other. Not for several threads."""

    def __init__(self, source: ContextSource) -> None:
        """Take the context; nothing is read yet."""
        self._source = source
        self._tree = source.tree
        self._sizes: dict[str, int] | None = None

    def open(self, entry: Entry) -> tuple[BinaryIO, int]:
        """Open a file; returns its handle and its size in bytes.

        Raises ChangedWhileRead when something else is in its place, without ever waiting for it.
        """
        if self._sizes is not None and entry.size < 0:
            entry = Entry(entry.path, entry.mode, entry.oid, self._sizes[entry.path])
        try:
            handle = self._tree.open(entry)
        except OSError as error:
            raise _unreadable(entry, error) from error
        try:
            return handle, self._size(entry, handle)
        except BaseException:
            handle.close()
            raise

    def _size(self, entry: Entry, handle: BinaryIO) -> int:
        try:
            number = handle.fileno()
        except OSError:
            return self._known_size(entry)
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise ChangedWhileRead(entry.path)
        return found.st_size

    def _known_size(self, entry: Entry) -> int:
        """Return the size of content that is in no file. Trees of objects want to be asked for all sizes together."""
        if entry.size >= 0:
            return entry.size
        if self._sizes is None:
            wanted = (each for each in self._source.entries if each.size < 0)
            self._sizes = {each.path: each.size for each in self._tree.sizes(wanted)}
        return self._sizes[entry.path]

    def whole(self, entry: Entry, handle: BinaryIO, view: memoryview) -> None:
        """Read and check a whole file. view: one byte longer than the file, so that one that has grown is noticed."""
        size = len(view) - 1
        at = self._some(entry, handle, view)
        while at < size:
            count = self._some(entry, handle, view[at:])
            at += count or size + 2
        if at != size:
            raise ChangedWhileRead(entry.path)
        state = blob_hash(entry.oid, size)
        state.update(view[:size])
        raw = state.hexdigest()
        if raw != entry.oid:
            self._check(entry, raw)

    def pieces(self, entry: Entry, handle: BinaryIO, size: int, room: Callable[[], memoryview]) -> Iterator[int]:
        """Read a file of any size piece by piece; yields the bytes of each, the last one when the whole is checked.

        room: returns where the next bytes go.
        """
        raw = blob_hash(entry.oid, size)
        for count, left in self._hashed(entry, handle, size, room, raw):
            if not left:
                self._check(entry, raw.hexdigest())
            yield count

    def _hashed(
        self, entry: Entry, handle: BinaryIO, size: int, room: Callable[[], memoryview], state: _Hash
    ) -> Iterator[tuple[int, int]]:
        """Read and hash; yields the bytes of each piece and those left. Raises ChangedWhileRead for another size."""
        left = size
        while left or not size:
            view = room()[:left]
            count = self._some(entry, handle, view) if left else 0
            state.update(view[:count])
            left -= count
            if left and not count:
                raise ChangedWhileRead(entry.path)
            if not left and self._some(entry, handle, memoryview(bytearray(1))):
                raise ChangedWhileRead(entry.path)
            yield count, left
            if not left:
                return

    def _some(self, entry: Entry, handle: BinaryIO, view: memoryview) -> int:
        try:
            return int(handle.readinto(view) or 0)  # type: ignore[attr-defined]
        except OSError as error:
            raise _unreadable(entry, error) from error

    def target(self, entry: Entry) -> bytes:
        """Return where a link points. Raises ChangedWhileRead when that is not what the entry says."""
        try:
            target = self._tree.read(entry)
        except OSError as error:
            raise _unreadable(entry, error) from error
        state = blob_hash(entry.oid, len(target))
        state.update(target)
        if state.hexdigest() != entry.oid:
            raise ChangedWhileRead(entry.path)
        if not target or b"\0" in target or len(target) > LONGEST_TARGET:
            raise EnvironmentFault(f"{printable(entry.path)}: a link with a target that no file system can hold")
        return target

    def _check(self, entry: Entry, raw: str) -> None:
        """Accept content with the entry's id, or content of which git's filters make that. raw: its id without filters.

        Git is asked about the file, not about the bytes that were read: so afterwards the file must still have those.
        """
        if raw == entry.oid:
            return
        tree = self._tree
        if not isinstance(tree, Rehash) or tree.rehash(entry) != entry.oid or self._raw_id(entry) != raw:
            raise ChangedWhileRead(entry.path)

    def _raw_id(self, entry: Entry) -> str:
        return self._hand_on(entry, memoryview(bytearray(CHUNK)), lambda _: None)

    def copy(self, entry: Entry, buffer: memoryview, write: Callable[[memoryview], None]) -> str:
        """Hand a file on piece by piece and check it; returns the id of its content without filters.

        buffer: where the pieces are, one after the other. When this raises, what was handed on must not be used.
        """
        raw = self._hand_on(entry, buffer, write)
        self._check(entry, raw)
        return raw

    def _hand_on(self, entry: Entry, buffer: memoryview, write: Callable[[memoryview], None]) -> str:
        handle, size = self.open(entry)
        state = blob_hash(entry.oid, size)
        with handle:
            for count, _ in self._hashed(entry, handle, size, lambda: buffer, state):
                write(buffer[:count])
        return state.hexdigest()


def blob_hash(oid: str, size: int) -> _Hash:
    """Return git's hash of a blob of ``size`` bytes, ready for its content; the id's length tells the function."""
    start = b"blob %d\0" % size
    return hashlib.sha1(start, usedforsecurity=False) if len(oid) == 40 else hashlib.sha256(start)


def _unreadable(entry: Entry, error: OSError) -> EnvironmentFault:
    if error.errno in _GONE:
        return ChangedWhileRead(entry.path)
    return EnvironmentFault(f"{printable(entry.path)}: {error.strerror or error}")
