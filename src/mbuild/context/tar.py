"""A context as a reproducible tar stream: nothing is staged on disk, and memory does not grow with files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from mbuild.context.headers import BLOCK, END, Headers, is_plain, padding
from mbuild.context.order import Item, Named, digest_of
from mbuild.context.source import ContextSource, items
from mbuild.context.verify import CHUNK, Reading
from mbuild.tree import EXECUTABLE, SYMLINK, Entry, encode
from mbuild.values import dataclass

Write = Callable[[bytes | memoryview], object]
Extra = Sequence[tuple[str, bytes]]


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

    write: takes the next bytes, up to 256 KiB. They are in a buffer that is used again: a view must not be kept. An int
           that it returns tells how many were taken, as ``io.RawIOBase.write`` does. What it raises gets through.
    epoch: mtime of all members, in seconds since 1970.
    extra: files (name from the context root, content) that are not in the context; they go last.
    last:  the name of a file of the context that goes after all others. Whoever has the Dockerfile last can send an
           archive to a reader that takes one that just stops for whole: without a Dockerfile nothing is built of it.
    Raises ChangedWhileRead when content is not what the entries say, GitError for a submodule, EnvironmentFault for
    unreadable files. What was written until then ends inside of a member, so that nobody takes it for an archive.
    """
    named = source.ordered()
    members = _Members(source, _Buffer(write), epoch)
    try:
        _write(members, named, [(encode(name), content) for name, content in extra], encode(last))
    except BaseException:
        members.spoil()
        raise
    return TarSummary(members.files, members.bytes, digest_of(named))


def write_tar_to_fd(source: ContextSource, fd: int, *, epoch: int, extra: Extra = (), last: str = "") -> TarSummary:
    """Write the same archive to a file descriptor. A pipe is made as wide as the writes, which is much faster."""
    _widen(fd)
    return write_tar(source, lambda data: os.write(fd, data), epoch=epoch, extra=extra, last=last)


def _write(members: _Members, named: Sequence[Named], added: Sequence[tuple[bytes, bytes]], last: bytes) -> None:
    taken = {name for name, _ in added}
    kept: list[Item] = []
    for item in items(named):
        if item[0] in taken:
            raise ValueError(f"{item[0]!r} is in the context and added to it")
        if last and item[0] == last:
            kept.append(item)
        else:
            members.add(item)
    for item in kept:
        members.add(item)
    for name, content in added:
        members.add_bytes(name, content)
    members.finish()


def _widen(fd: int) -> None:
    """Let a pipe hold a whole write, so that writer and reader change places four times less. Linux: fcntl(2)."""
    import fcntl

    set_size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if set_size is not None:
        with contextlib.suppress(OSError):  # no pipe, or the user's pipes hold enough already: only slower
            fcntl.fcntl(fd, set_size, CHUNK)


class _Members:
    """Writes one member after the other."""

    def __init__(self, source: ContextSource, buffer: _Buffer, epoch: int) -> None:
        self.files = 0
        self.bytes = 0
        self._buffer = buffer
        self._headers = Headers(epoch)
        self._reading = Reading(source)
        self._begun = False
        self._in_file = False

    def add_bytes(self, name: bytes, content: bytes) -> None:
        self._put(self._headers.file(name, len(content), 0o644))
        self._buffer.put(content)
        self._buffer.put(bytes(padding(len(content))))

    def add(self, item: Item) -> None:
        name, entry = item
        if entry is None:
            self._put(self._headers.folder(name))
        elif entry.mode == SYMLINK:
            self._link(name, entry)
        else:
            self._file(name, entry)

    def finish(self) -> None:
        self._begin()
        self._buffer.put(END)
        self._buffer.flush()

    def spoil(self) -> None:
        """See that what was written so far is no archive: Go's reader takes one that just stops for whole.

        (``archive/tar`` ``Reader.readHeader``: "EOF is okay here".) In the middle of a file it is no archive anyway.
        """
        self._buffer.end(b"" if self._in_file else self._headers.file(b"incomplete", CHUNK, 0o644))

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
            self._begin(header)
            start, end = len(header), len(header) + size
            view = buffer.claim(end + BLOCK)
            if view is not None:
                view[:start] = header
                reading.whole(entry, handle, view[start : end + 1])
                fill = padding(size)
                view[end : end + fill] = END[:fill]
                buffer.took(end + fill)
            else:
                buffer.put(header)
                self._in_file = True
                for count in reading.pieces(entry, handle, size, buffer.room):
                    buffer.took(count)
                self._in_file = False
                buffer.put(bytes(padding(size)))
        finally:
            handle.close()


class _Buffer:
    """Gathers small pieces into writes of up to ``CHUNK`` bytes."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._view = memoryview(bytearray(CHUNK))
        self._at = 0
        self._writing = False

    def put(self, data: bytes) -> None:
        start = 0
        while start < len(data):
            room = self.room()
            part = data[start : start + len(room)]
            room[: len(part)] = part
            self._at += len(part)
            start += len(part)

    def claim(self, size: int) -> memoryview | None:
        """Return room for ``size`` bytes or more, None when there never is. ``took`` says what is used of it."""
        if size > CHUNK:
            return None
        if self._at + size > CHUNK:
            self.flush()
        return self._view[self._at :]

    def room(self) -> memoryview:
        """Return what is free, at least one byte."""
        if self._at == CHUNK:
            self.flush()
        return self._view[self._at :]

    def took(self, count: int) -> None:
        self._at += count

    def flush(self) -> None:
        ready = self._view[: self._at]
        self._writing = True
        while ready:
            count = self._write(ready)
            ready = ready[count:] if isinstance(count, int) else ready[:0]
        self._writing = False
        self._at = 0

    def end(self, data: bytes) -> None:
        """Write what is there and ``data`` after an error, unless that came from writing; a second must not hide it."""
        if not self._writing:
            with contextlib.suppress(Exception):
                self.put(data)
                self.flush()
