"""A context as a reproducible tar stream: nothing is staged on disk, and memory does not grow with files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from mbuild.context.ahead import BUFFER, Buffer, ahead
from mbuild.context.headers import BLOCK, END, Headers, is_plain, padding
from mbuild.context.order import Item, Named, digest_of
from mbuild.context.source import ContextSource, items
from mbuild.context.verify import Piece, Reading
from mbuild.tree import EXECUTABLE, SYMLINK, Entry, encode
from mbuild.values import dataclass

Write = Callable[[bytes | memoryview], object]
Extra = Sequence[tuple[str, bytes]]

_SMALL = 1 << 16
"""Content of fewer bytes is hashed by the thread that reads it: for less, two threads wait for each other too often."""


@dataclass(frozen=True, slots=True)
class TarSummary:
    """What was sent of the context, ``extra`` aside: files and links, their bytes, and ``ContextSource.digest``."""

    files: int
    bytes: int
    digest: str


def write_tar(source: ContextSource, write: Write, *, epoch: int, extra: Extra = (), last: str = "") -> TarSummary:
    """Write a context as a tar archive in GNU format.

    The same entries give the same bytes: members are sorted by the bytes of their paths, folders come before what is in
    them, everything belongs to 0:0 without names and has mode 0644, 0755 or (links) 0777.

    The tree is read by another thread, ahead of what is written, and small files are hashed there; this one hashes the
    rest and calls ``write``. Nothing is written before it is hashed, so that members that were written are right. Only
    a file that fills a buffer is written piece by piece, and its last piece not before the whole is known to be right.
    The other thread has ended when this returns or raises.

    write: takes the next bytes, up to 512 KiB. They are in a buffer that is used again: a view must not be kept. An int
           that it returns tells how many were taken, as ``io.RawIOBase.write`` does. What it raises gets through.
    epoch: mtime of all members, in seconds since 1970.
    extra: files (name from the context root, content) that are not in the context; they go last.
    last:  the name of a file of the context that goes after all others. Whoever has the Dockerfile last can send an
           archive to a reader that takes one that just stops for whole: without a Dockerfile nothing is built of it.
    Raises ChangedWhileRead when content is not what the entries say, GitError for a submodule, EnvironmentFault for
    unreadable files. What was written until then ends inside of a member, so that nobody takes it for an archive.
    """
    named = source.ordered()
    added = [(encode(name), content) for name, content in extra]
    members = _Members(source, epoch)
    checking, output = Reading(source), _Output(write)
    try:
        with ahead(lambda buffer: members.write(buffer, named, added, encode(last))) as full:
            for each in full:
                for piece in each.pieces:
                    checking.check_piece(piece)
                output.put(each.data, inside=each.inside)
    except BaseException:
        output.spoil()
        raise
    return TarSummary(members.files, members.bytes, digest_of(named))


def write_tar_to_fd(source: ContextSource, fd: int, *, epoch: int, extra: Extra = (), last: str = "") -> TarSummary:
    """Write the same archive to a file descriptor. A pipe is made as wide as the writes, which is much faster."""
    _widen(fd)
    return write_tar(source, lambda data: os.write(fd, data), epoch=epoch, extra=extra, last=last)


def _widen(fd: int) -> None:
    """Let a pipe hold a whole write, so that writer and reader change places eight times less. Linux: fcntl(2)."""
    import fcntl

    set_size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if set_size is not None:
        with contextlib.suppress(OSError):  # no pipe, or the user's pipes hold enough already: only slower
            fcntl.fcntl(fd, set_size, BUFFER)


class _Members:
    """Puts one member after the other into a buffer."""

    def __init__(self, source: ContextSource, epoch: int) -> None:
        self.files = 0
        self.bytes = 0
        self._headers = Headers(epoch)
        self._reading = Reading(source)
        self._begun = False

    def write(self, buffer: Buffer, named: Sequence[Named], added: Sequence[tuple[bytes, bytes]], last: bytes) -> None:
        self._buffer = buffer
        taken = {name for name, _ in added}
        kept: list[Item] = []
        for item in items(named):
            if item[0] in taken:
                raise ValueError(f"{item[0]!r} is in the context and added to it")
            if last and item[0] == last:
                kept.append(item)
            else:
                self._add(item)
        for item in kept:
            self._add(item)
        for name, content in added:
            self._add_bytes(name, content)
        self._begin()
        buffer.put(END)

    def _add_bytes(self, name: bytes, content: bytes) -> None:
        self._put(self._headers.file(name, len(content), 0o644))
        self._buffer.put(content)
        self._buffer.put(bytes(padding(len(content))))
        self._buffer.ended()

    def _add(self, item: Item) -> None:
        name, entry = item
        if entry is None:
            self._put(self._headers.folder(name))
        elif entry.mode == SYMLINK:
            self._link(name, entry)
        else:
            self._file(name, entry)
        self._buffer.ended()

    def _begin(self, header: bytes = b"") -> None:
        """See that an archive starts with a plain header, by which engines know it; ``header`` comes next."""
        if not self._begun and not (header and is_plain(header)):
            self._buffer.put(self._headers.folder(b"."))
        self._begun = True

    def _put(self, header: bytes) -> None:
        self._begin(header)
        self._buffer.put(header)

    def _link(self, name: bytes, entry: Entry) -> None:
        target = self._reading.target(entry)
        self.files += 1
        self.bytes += len(target)
        self._put(self._headers.link(name, target))

    def _file(self, name: bytes, entry: Entry) -> None:
        reading, buffer = self._reading, self._buffer
        handle, size = reading.open(entry)
        try:
            self.files += 1
            self.bytes += size
            header = self._headers.file(name, size, 0o755 if entry.mode == EXECUTABLE else 0o644)
            if not self._begun:
                self._begin(header)
            start, fill = len(header), padding(size)
            view = buffer.claim(start + size + BLOCK)
            if view is not None:
                view[:start] = header
                reading.whole(entry, handle, view[start : start + size + 1])
                content = view[start : start + size]
                if size < _SMALL:
                    reading.check(entry, content)
                else:
                    buffer.unchecked(Piece(entry, size, content, last=True))
                view[start + size : start + size + fill] = END[:fill]
                buffer.took(start + size + fill)
            else:
                buffer.put(header)
                for piece in reading.unchecked(entry, handle, size, buffer.room):
                    buffer.unchecked(piece)
                    buffer.took(len(piece.data))
                buffer.put(bytes(fill))
        finally:
            handle.close()


class _Output:
    """Writes what is full, and knows what an archive that stops there looks like."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._writing = False
        self._inside = False

    def put(self, data: memoryview, *, inside: bool) -> None:
        """Write. inside: whether ``data`` ends in the middle of a member."""
        self._writing = True
        while data:
            count = self._write(data)
            data = data[count:] if isinstance(count, int) else data[:0]
        self._inside = inside
        self._writing = False

    def spoil(self) -> None:
        """See that what was written so far is no archive: Go's reader takes one that just stops for whole.

        (``archive/tar`` ``Reader.readHeader``: "EOF is okay here".) In the middle of a member it is no archive anyway.
        An error that came from writing must not be hidden by a second one.
        """
        if not self._writing and not self._inside:
            with contextlib.suppress(Exception):
                self.put(memoryview(Headers(0).file(b"incomplete", BUFFER, 0o644)), inside=True)
