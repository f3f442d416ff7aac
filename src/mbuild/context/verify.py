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
from mbuild.tree import Entry, OnDisk, Tree
from mbuild.values import dataclass

if TYPE_CHECKING:
    from hashlib import _Hash

CHUNK = 1 << 18
LONGEST_TARGET = 4095
"""PATH_MAX of Linux without its NUL: no system call takes a longer link target."""

_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV}


@dataclass(frozen=True, slots=True)
class Piece:
    """Content of a file that has yet to be checked. size: bytes of the whole file. last: whether it ends here."""

    entry: Entry
    size: int
    data: memoryview
    last: bool


class Reading:
    """The files of one context, read one after the other. Not for several threads."""

    def __init__(self, source: ContextSource) -> None:
        """Take the context; nothing is read yet."""
        self._source = source
        self._tree = source.tree
        self._sizes: dict[str, int] | None = None
        self._state: _Hash | None = None

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
        if isinstance(handle, OnDisk):
            return handle, handle.size
        try:
            try:
                number = handle.fileno()
            except OSError:
                return handle, self._known_size(entry)
            found = os.fstat(number)
            if stat.S_ISREG(found.st_mode):
                return handle, found.st_size
            raise ChangedWhileRead(entry.path)
        except BaseException:
            handle.close()
            raise

    def _known_size(self, entry: Entry) -> int:
        """Return the size of content that is in no file. Trees of objects want to be asked for all sizes together."""
        if entry.size >= 0:
            return entry.size
        if self._sizes is None:
            wanted = [each for each in self._source.entries if each.size < 0]
            self._sizes = dict(zip((each.path for each in wanted), self._tree.sizes(wanted), strict=True))
        return self._sizes[entry.path]

    def whole(self, entry: Entry, handle: BinaryIO, view: memoryview) -> None:
        """Read a whole file; ``check`` comes after it. Raises ChangedWhileRead for another size.

        view: one byte longer than the file, so that one that has grown is noticed.
        """
        size = len(view) - 1
        at = self._some(entry, handle, view)
        while at < size:
            count = self._some(entry, handle, view[at:])
            at += count or size + 2
        if at != size:
            raise ChangedWhileRead(entry.path)

    def pieces(self, entry: Entry, handle: BinaryIO, size: int, room: Callable[[], memoryview]) -> Iterator[int]:
        """Read a file of any size piece by piece; yields the bytes of each, the last one when the whole is checked.

        room: returns where the next bytes go.
        """
        state = blob_hash(entry.oid, size)
        for piece in self.unchecked(entry, handle, size, room):
            state.update(piece.data)
            if piece.last:
                self._check(entry, state.hexdigest())
            yield len(piece.data)

    def unchecked(self, entry: Entry, handle: BinaryIO, size: int, room: Callable[[], memoryview]) -> Iterator[Piece]:
        """Read a file of any size piece by piece; ``check_piece`` comes after it. Raises as ``whole`` does."""
        left = size
        while left or not size:
            view = room()[:left]
            count = self._some(entry, handle, view) if left else 0
            left -= count
            if left and not count:
                raise ChangedWhileRead(entry.path)
            if not left and self._some(entry, handle, memoryview(bytearray(1))):
                raise ChangedWhileRead(entry.path)
            yield Piece(entry, size, view[:count], last=not left)
            if not left:
                return

    def check(self, entry: Entry, content: memoryview) -> None:
        """Check a whole file that was read before. Raises ChangedWhileRead when it is not what the entry says."""
        state = blob_hash(entry.oid, len(content))
        state.update(content)
        raw = state.hexdigest()
        if raw != entry.oid:
            self._check(entry, raw)

    def check_piece(self, piece: Piece) -> None:
        """Check a piece that was read before: all those of a file in their order, none of another file between them.

        Raises ChangedWhileRead at the last one when the whole is not what the entry says.
        """
        state = self._state or blob_hash(piece.entry.oid, piece.size)
        state.update(piece.data)
        self._state = None if piece.last else state
        if piece.last:
            self._check(piece.entry, state.hexdigest())

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
            for piece in self.unchecked(entry, handle, size, lambda: buffer):
                state.update(piece.data)
                write(piece.data)
        return state.hexdigest()


def checked(tree: Tree, entry: Entry) -> bytes:
    """Return the content of one file of a tree. Raises ChangedWhileRead when it is not what the entry says."""
    content = bytearray()
    Reading(ContextSource(tree, "", (entry,))).copy(entry, memoryview(bytearray(CHUNK)), content.extend)
    return bytes(content)


def blob_hash(oid: str, size: int) -> _Hash:
    """Return git's hash of a blob of ``size`` bytes, ready for its content; the id's length tells the function."""
    start = b"blob %d\0" % size
    return hashlib.sha1(start, usedforsecurity=False) if len(oid) == 40 else hashlib.sha256(start)


def _unreadable(entry: Entry, error: OSError) -> EnvironmentFault:
    if error.errno in _GONE:
        return ChangedWhileRead(entry.path)
    return EnvironmentFault(f"{printable(entry.path)}: {error.strerror or error}")
