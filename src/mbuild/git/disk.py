"""Files of the work tree as they are on disk, looked at without following links and without ever blocking."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from mbuild.errors import ChangedWhileRead, GitError
from mbuild.tree import EXECUTABLE, FILE, SYMLINK, OnDisk, decode, encode

_OTHER_KIND = (errno.ELOOP, errno.ENXIO, errno.ENODEV)
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Disk:
    """The folder of a work tree. Paths are relative to it; one below a linked folder does not exist, as for git."""

    def __init__(self, top: Path) -> None:
        """Take the top folder."""
        self._top = os.fsencode(top)
        self._folders: dict[bytes, bool] = {b"": True}

    def place(self, path: str) -> bytes:
        """Return the absolute name of a path."""
        return os.path.join(self._top, encode(path))  # noqa: PTH118 - bytes, which pathlib cannot hold

    def look(self, path: str) -> os.stat_result | None:
        """Return lstat of a path, or None where it does not exist."""
        return self.look_each((path,))[0]

    def look_each(self, paths: Iterable[str]) -> list[os.stat_result | None]:
        """Return the same of each path. Those of one folder should follow each other: it is looked up once for them."""
        found: list[os.stat_result | None] = []
        last, there, place, lstat = None, True, b"", os.lstat
        for path in paths:
            folder, _, name = path.rpartition("/")
            if folder != last:
                raw = encode(folder)
                last, there, place = folder, self._real(raw), self._top + b"/" + (raw + b"/" if raw else b"")
            try:
                found.append(lstat(place + encode(name)) if there else None)
            except (FileNotFoundError, NotADirectoryError):
                found.append(None)
            except OSError as error:
                raise _unreadable(path, error) from error
        return found

    def _real(self, folder: bytes) -> bool:
        """Whether a folder and all above it are folders, none of them a link. Remembered: trees do not change."""
        new: list[bytes] = []
        while (known := self._folders.get(folder)) is None:
            new.append(folder)
            folder = folder.rpartition(b"/")[0]
        for each in reversed(new):
            known = self._folders[each] = known and self._is_folder(each)
        return known

    def _is_folder(self, folder: bytes) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self._top + b"/" + folder).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise _unreadable(decode(folder), error) from error

    def target(self, path: str) -> bytes:
        """Return where a link points. Raises GitError when it is no link any more."""
        try:
            return os.readlink(self.place(path))  # noqa: PTH115 - bytes, which pathlib cannot hold
        except OSError as error:
            raise _unreadable(path, error) from error

    def open(self, path: str) -> OnDisk | None:
        """Open a regular file, unbuffered; None where it does not exist.

        Raises ChangedWhileRead for anything else: links are not followed, FIFOs and devices never waited for.
        """
        name = encode(path)
        folder = name.rpartition(b"/")[0]
        if not (self._folders.get(folder) or self._real(folder)):
            return None
        try:
            number = os.open(self._top + b"/" + name, _OPEN)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in _OTHER_KIND:
                raise ChangedWhileRead(path) from error
            raise _unreadable(path, error) from error
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            os.close(number)
            raise ChangedWhileRead(path)
        opened = OnDisk(number, "rb")
        opened.size = found.st_size
        return opened

    def walk(self, folder: str) -> Iterator[tuple[str, int, bytes]]:
        """Yield path, mode and content digest of all files and links below a folder, in order, whatever git thinks."""
        waiting = self._listed(folder)  # no recursion: folders may be nested deep
        while waiting:
            path, each = waiting.pop()
            if each.is_symlink():
                yield path, SYMLINK, hashlib.sha256(self.target(path)).digest()
            elif each.is_dir(follow_symlinks=False):
                waiting += self._listed(path)
            elif each.is_file(follow_symlinks=False):
                stream = self.open(path)
                if stream is None:
                    raise ChangedWhileRead(path)
                with stream:
                    yield path, mode_of(os.fstat(stream.fileno())), _digest(stream)

    def _listed(self, folder: str) -> list[tuple[str, os.DirEntry[bytes]]]:
        """Return what is in a folder, in reverse order of the names."""
        with os.scandir(self.place(folder)) as found:
            names = sorted(found, key=lambda each: each.name, reverse=True)
        return [(f"{folder}/{decode(each.name)}", each) for each in names]


def mode_of(found: os.stat_result) -> int:
    """Return the mode git gives a regular file: the owner's exec bit decides."""
    return EXECUTABLE if found.st_mode & stat.S_IXUSR else FILE


def _digest(stream: BinaryIO) -> bytes:
    state = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        state.update(chunk)
    return state.digest()


def _unreadable(path: str, error: OSError) -> GitError:
    shown = encode(path).decode("utf-8", "replace")
    return GitError(f"{shown}: {error.strerror}", "did it change while mbuild was reading? then run again")
