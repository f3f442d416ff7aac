"""What a Dockerfile may copy from: a context as a file system."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import BinaryIO, Protocol

from mbuild.builders.oci.filesystem import FileSystem, parts
from mbuild.builders.oci.nodes import (
    DEFAULT_FILE_MODE,
    DEFAULT_FOLDER_MODE,
    LINK_MODE,
    Content,
    Directory,
    File,
    FileSystemError,
    Meta,
    Node,
    Symlink,
)
from mbuild.tree import EXECUTABLE, SYMLINK, Entry


class ContextFiles(Protocol):
    """The files of one context. Paths are relative to its root, as are those of the entries."""

    def entries(self) -> Sequence[Entry]:
        """Return the files and links."""
        ...

    def folders(self) -> Sequence[str]:
        """Return folders that are there; those around entries need not be named."""
        ...

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file for reading."""
        ...

    def link(self, entry: Entry) -> str:
        """Return the target of a symbolic link."""
        ...


def context_files(files: ContextFiles, mtime: int) -> FileSystem:
    """Return a context as a file system: owned by root, with git's two file modes, and every mtime the same.

    So the result depends on content alone: not on the umask, the user or the time of a checkout.
    """
    fs = FileSystem()
    folder = Meta(DEFAULT_FOLDER_MODE, mtime=mtime)
    fs.root.meta = folder
    for path in files.folders():
        _folder(fs.root, parts(path), folder)
    for entry in files.entries():
        *above, name = parts(entry.path)
        _folder(fs.root, above, folder).children[name] = _node(files, entry, mtime)
    fs.take_changes()
    return fs


def inline_file(name: str, content: str, mtime: int) -> FileSystem:
    """Return a file system with one file: a here-document."""
    data = content.encode("utf-8", "surrogateescape")
    fs = FileSystem()
    fs.put(f"/{name}", File(Meta(DEFAULT_FILE_MODE, mtime=mtime), Content(len(data), functools.partial(_stream, data))))
    return fs


def _stream(data: bytes) -> BinaryIO:
    import io

    return io.BytesIO(data)


def _folder(root: Directory, names: Sequence[str], meta: Meta) -> Directory:
    folder = root
    for name in names:
        child = folder.children.get(name)
        if child is None:
            child = folder.children[name] = Directory(meta)
        if not isinstance(child, Directory):
            raise FileSystemError(f"{'/'.join(names)}: the context has a file where it needs a folder")
        folder = child
    return folder


def _node(files: ContextFiles, entry: Entry, mtime: int) -> Node:
    if entry.mode == SYMLINK:
        return Symlink(Meta(LINK_MODE, mtime=mtime), files.link(entry))
    mode = DEFAULT_FOLDER_MODE if entry.mode == EXECUTABLE else DEFAULT_FILE_MODE
    return File(Meta(mode, mtime=mtime), Content(entry.size, functools.partial(files.open, entry)))
