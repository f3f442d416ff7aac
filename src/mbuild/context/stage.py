"""A context as a folder, for BuildKit's directory sync.

The sync compares size and mtime and never content (tonistiigi/fsutil ``diff.go``), and a constant mtime gave silently
stale images. So an mtime is made of the epoch, in seconds, and of the content's hash, as nanoseconds: reproducible, and
different for different content.

Names are looked up in open folders, one part at a time and without following links: nothing outside is ever touched.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mbuild.context.source import ContextSource, items
from mbuild.context.verify import CHUNK, Reading
from mbuild.errors import EnvironmentFault
from mbuild.tree import EXECUTABLE, Entry

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SECOND = 1_000_000_000

_Children = dict[bytes, Entry | None]


def stage(source: ContextSource, folder: Path, *, epoch: int) -> None:
    """Make a folder hold a context and nothing else; what it already has of it stays as it is.

    folder: is created when it is not there. Modes in it are 0644, 0755 and, for folders, 0755, whatever the umask.
    epoch:  seconds of all mtimes, since 1970.
    What is there already is known by size, mode and mtime, which holds 30 bits of the content's id. Content that git's
    filters have changed on disk is written anew every time.
    Raises ChangedWhileRead when content is not what the entries say: the folder is then incomplete, and a later call
    mends it. Raises GitError for a submodule, EnvironmentFault when files cannot be read or written.
    """
    tree = _by_folder(source)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        top = os.open(folder, _OPEN_FOLDER)
        try:
            staging = _Staging(source, top, max(0, epoch))
            for path, children in tree.items():
                staging.fill(path, children)
        finally:
            os.close(top)
    except OSError as error:
        raise EnvironmentFault(f"{folder}: {error.strerror or error}") from error


def nanoseconds(oid: str) -> int:
    """Return the part of an mtime that stands for content: the first 30 bits of its id, below 10**9."""
    return (int(oid[:8], 16) >> 2) % _SECOND


def _by_folder(source: ContextSource) -> dict[bytes, _Children]:
    """Return what is in each folder by name (None: a folder); folders after those that hold them."""
    found: dict[bytes, _Children] = {b"": {}}
    for path, entry in items(source.ordered()):
        above, _, name = path.rpartition(b"/")
        found[above][name] = entry
        if entry is None:
            found[path] = {}
    return found


class _Staging:
    """Brings one folder after the other up to date."""

    def __init__(self, source: ContextSource, top: int, epoch: int) -> None:
        self._source = source
        self._top = top
        self._epoch = epoch
        self._reading = Reading(source)
        self._sizes: dict[str, int] | None = None
        self._buffer = memoryview(bytearray(CHUNK))

    def fill(self, path: bytes, children: _Children) -> None:
        with self._folder(path) as at:
            there = self._cleared(at, children)
            for name, entry in children.items():
                if entry is None:
                    if name not in there:
                        os.mkdir(name, 0o755, dir_fd=at)
                elif entry.is_link:
                    self._link(at, name, entry, there.get(name))
                else:
                    self._file(at, name, entry, there.get(name))
            os.fchmod(at, 0o755)
            os.utime(at, ns=(self._epoch * _SECOND,) * 2)

    @contextmanager
    def _folder(self, path: bytes) -> Iterator[int]:
        at = os.dup(self._top)
        try:
            for part in path.split(b"/") if path else ():
                below = os.open(part, _OPEN_FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def _cleared(self, at: int, children: _Children) -> dict[bytes, os.stat_result]:
        """Remove what does not belong here, and what is of another kind; returns lstat of the rest."""
        there = {}
        for shown in os.listdir(at):
            name = os.fsencode(shown)
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
            if name in children and stat.S_IFMT(found.st_mode) == _kind(children[name]):
                there[name] = found
            elif stat.S_ISDIR(found.st_mode):
                shutil.rmtree(name, dir_fd=at)
            else:
                os.unlink(name, dir_fd=at)
        return there

    def _link(self, at: int, name: bytes, entry: Entry, there: os.stat_result | None) -> None:
        target = self._reading.target(entry)
        if there is not None:
            if os.readlink(name, dir_fd=at) == target and there.st_mtime_ns == self._mtime(entry.oid):
                return
            os.unlink(name, dir_fd=at)
        os.symlink(target, name, dir_fd=at)
        os.utime(name, ns=self._times(entry.oid), dir_fd=at, follow_symlinks=False)

    def _file(self, at: int, name: bytes, entry: Entry, there: os.stat_result | None) -> None:
        if there is None:
            self._write(at, name, entry)
        elif not self._same(entry, there):
            temporary = b".mbuild-" + os.urandom(8).hex().encode()
            self._write(at, temporary, entry)
            os.replace(temporary, name, src_dir_fd=at, dst_dir_fd=at)
        elif there.st_mtime_ns != self._mtime(entry.oid):
            os.utime(name, ns=self._times(entry.oid), dir_fd=at, follow_symlinks=False)

    def _same(self, entry: Entry, there: os.stat_result) -> bool:
        return (
            there.st_mtime_ns % _SECOND == nanoseconds(entry.oid)
            and stat.S_IMODE(there.st_mode) == _mode(entry)
            and there.st_nlink == 1
            and there.st_size == self._size(entry)
        )

    def _size(self, entry: Entry) -> int:
        """Return the size by the tree; asked for all entries together, when the first one is."""
        if self._sizes is None:
            self._sizes = self._source.sizes()
        return self._sizes[entry.path]

    def _write(self, at: int, name: bytes, entry: Entry) -> None:
        number = os.open(name, _CREATE, 0o600, dir_fd=at)
        try:
            oid = self._reading.copy(entry, self._buffer, lambda data: _write_all(number, data))
            os.fchmod(number, _mode(entry))
            os.utime(number, ns=self._times(oid))
        except BaseException:
            os.unlink(name, dir_fd=at)
            raise
        finally:
            os.close(number)

    def _times(self, oid: str) -> tuple[int, int]:
        return (self._epoch * _SECOND, self._mtime(oid))

    def _mtime(self, oid: str) -> int:
        return self._epoch * _SECOND + nanoseconds(oid)


def _write_all(number: int, data: memoryview) -> None:
    while data:
        data = data[os.write(number, data) :]


def _kind(entry: Entry | None) -> int:
    """Return the file type, as in ``st_mode``, that stands for an entry."""
    if entry is None:
        return stat.S_IFDIR
    return stat.S_IFLNK if entry.is_link else stat.S_IFREG


def _mode(entry: Entry) -> int:
    return 0o755 if entry.mode == EXECUTABLE else 0o644
