"""What a root file system is made of: files, folders, links, devices. Contents are references, not bytes in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO

from mbuild.values import dataclass, field

CHUNK = 1 << 18


class FileSystemError(Exception):
    """Something a real file system would refuse, as one line; the builder adds where in the Dockerfile it happened."""


@dataclass(frozen=True, slots=True)
class Meta:
    """Mode (permission bits with setuid, setgid and sticky), owner, mtime in whole seconds, extended attributes."""

    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    xattrs: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """Where the bytes of a file are. size: bytes, -1 when nobody has looked yet."""

    size: int
    open: Callable[[], BinaryIO]

    def measured(self) -> int:
        """Return the size, reading the content when that is the only way to know."""
        if self.size >= 0:
            return self.size
        with self.open() as stream:
            if stream.seekable():
                return stream.seek(0, 2)
            return sum(len(chunk) for chunk in iter(lambda: stream.read(CHUNK), b""))

    def sha256(self) -> str:
        """Return the hex SHA-256 of the content, reading it in pieces."""
        total = hashlib.sha256()
        with self.open() as stream:
            while chunk := stream.read(CHUNK):
                total.update(chunk)
        return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Inode:
    """The identity that the names of one hard-linked file share; compared by identity."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


@dataclass(frozen=True, slots=True)
class File:
    """A regular file; ``inode`` is set where it has several names."""

    meta: Meta
    content: Content
    inode: Inode | None = None


@dataclass(frozen=True, slots=True)
class Symlink:
    """A symbolic link and its target as written."""

    meta: Meta
    target: str


@dataclass(frozen=True, slots=True)
class Device:
    """A character device (``3``), block device (``4``) or FIFO (``6``): the tar type and the device numbers."""

    meta: Meta
    kind: bytes
    major: int = 0
    minor: int = 0


@dataclass(slots=True, eq=False)
class Directory:
    """A folder; the only node that changes. Whoever shares a tree copies its folders first (``FileSystem.clone``)."""

    meta: Meta
    children: dict[str, Node] = field(default_factory=dict)


Node = File | Symlink | Device | Directory

DEFAULT_FOLDER_MODE = 0o755
DEFAULT_FILE_MODE = 0o644
LINK_MODE = 0o777
