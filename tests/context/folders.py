"""Trees for tests of what is sent: over a folder on disk, and over bytes in memory."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mbuild.context.source import ContextSource
from mbuild.tree import EXECUTABLE, FILE, SYMLINK, Entry, decode, is_scattered

Node = tuple[int, bytes]
"""A git mode, and content or a link's target."""

Opened = Callable[[Entry, BinaryIO], BinaryIO]


def blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()


class BlobTree:
    """Blobs in memory, as in a commit: content without a file behind it, sizes only when asked for."""

    def __init__(self, nodes: Mapping[bytes, Node]) -> None:
        self.nodes = {decode(path): node for path, node in nodes.items()}
        self.entries = tuple(Entry(path, mode, blob_id(data)) for path, (mode, data) in sorted(self.nodes.items()))
        self.asked_for_sizes = 0

    def entry(self, path: str) -> Entry | None:
        return next((each for each in self.entries if each.path == path), None)

    def expect(self, paths: Collection[str]) -> None:
        pass

    def expect_below(self, folders: Collection[str]) -> None:
        pass

    def below(self, folder: str, levels: int | None = None) -> Sequence[Entry]:
        return [each for each in self.entries if not folder or each.path.startswith(f"{folder}/")]

    def folder(self, path: str) -> bool:
        return bool(self.below(path))

    def scattered(self) -> Sequence[Entry]:
        return [each for each in self.entries if is_scattered(each)]

    def read(self, entry: Entry) -> bytes:
        return self.nodes[entry.path][1]

    def open(self, entry: Entry) -> BinaryIO:
        return io.BytesIO(self.read(entry))

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        self.asked_for_sizes += 1
        return [len(self.nodes[each.path][1]) for each in entries]

    def source(self, root: str = "", folders: tuple[str, ...] = ()) -> ContextSource:
        return ContextSource(self, root, tuple(self.below(root)), folders)


@dataclass
class FolderTree:
    """Files on disk as they are when ``source`` is called; ``opened`` may put something in place of a handle."""

    top: Path
    opened: Opened = field(default=lambda _, handle: handle)

    def place(self, path: str) -> Path:
        return self.top / path

    def entry(self, path: str) -> Entry | None:
        return next((each for each in self.below("") if each.path == path), None)

    def expect(self, paths: Collection[str]) -> None:
        pass

    def expect_below(self, folders: Collection[str]) -> None:
        pass

    def below(self, folder: str, levels: int | None = None) -> Sequence[Entry]:
        return tuple(sorted(self._walk(folder), key=lambda each: each.path))

    def folder(self, path: str) -> bool:
        return bool(self.below(path))

    def scattered(self) -> Sequence[Entry]:
        return [each for each in self.below("") if is_scattered(each)]

    def _walk(self, folder: str) -> Iterator[Entry]:
        for each in os.scandir(self.place(folder)):
            path = f"{folder}/{each.name}" if folder else each.name
            if each.is_symlink():
                yield Entry(path, SYMLINK, blob_id(target(self.place(path))))
            elif each.is_dir():
                yield from self._walk(path)
            else:
                mode = EXECUTABLE if each.stat().st_mode & stat.S_IXUSR else FILE
                yield Entry(path, mode, blob_id(self.place(path).read_bytes()))

    def read(self, entry: Entry) -> bytes:
        return target(self.place(entry.path))

    def open(self, entry: Entry) -> BinaryIO:
        number = os.open(self.place(entry.path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        return self.opened(entry, os.fdopen(number, "rb", buffering=0))

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        return [self.place(each.path).lstat().st_size for each in entries]

    def source(self, root: str = "", folders: tuple[str, ...] = ()) -> ContextSource:
        return ContextSource(self, root, tuple(self.below(root)), folders)


@dataclass
class FilteredTree(FolderTree):
    """A work tree of git whose ids are those after git's filters."""

    def git_id(self, path: str) -> str:
        command = ["git", "-C", os.fspath(self.top), "hash-object", "--", path]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def rehash(self, entry: Entry) -> str:
        return self.git_id(entry.path)


def write_nodes(top: Path, nodes: Mapping[bytes, Node]) -> None:
    """Write files and links to disk."""
    for path, (mode, data) in nodes.items():
        place = top / os.fsdecode(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if mode == SYMLINK:
            place.symlink_to(os.fsdecode(data))
            continue
        place.write_bytes(data)
        place.chmod(0o755 if mode == EXECUTABLE else 0o644)


def target(link: Path) -> bytes:
    return os.readlink(os.fsencode(link))  # noqa: PTH115 - pathlib tidies targets up
