"""A root file system in memory: nodes by path, links resolved as inside a chroot, and a record of what changed.

Paths are absolute ``str`` with surrogate escapes. Nothing here touches a disk, so nothing can leave the root.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mbuild.builders.oci.nodes import (
    DEFAULT_FOLDER_MODE,
    Directory,
    File,
    FileSystemError,
    Meta,
    Node,
    Symlink,
)
from mbuild.values import dataclass, field

MAX_LINKS = 255
"""Links followed for one path before it counts as a loop (containerd ``continuity/fs/path.go``)."""

MAX_DEPTH = 200
"""Folders inside folders; far beyond real trees, and within what recursion bears."""


@dataclass(slots=True)
class Changes:
    """What happened since the last layer: paths that were created or altered, and those whose old folder is gone."""

    touched: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)


class FileSystem:
    """A tree of nodes. ``chroot`` gives a view of a part of it that shares the nodes and the record of changes."""

    def __init__(self, root: Directory | None = None, *, changes: Changes | None = None, prefix: str = "") -> None:
        """Start empty, or on a given root folder; ``prefix`` is where that folder is, for the record of changes."""
        self.root = root if root is not None else Directory(Meta(DEFAULT_FOLDER_MODE))
        self._changes = changes if changes is not None else Changes()
        self._prefix = prefix

    def clone(self) -> FileSystem:
        """Return an independent copy with an empty record. Folders are copied, the other nodes never change."""
        return FileSystem(_copied(self.root))

    def chroot(self, path: str) -> FileSystem:
        """Return the view that has the folder at this exact path as its root."""
        folder = self.get(path)
        if not isinstance(folder, Directory):
            raise FileSystemError(f"{path}: not a folder")
        return FileSystem(folder, changes=self._changes, prefix=self._prefix + ("" if path == "/" else path))

    def take_changes(self) -> Changes:
        """Return the record of changes and start a new one."""
        taken = Changes(self._changes.touched, self._changes.dropped)
        self._changes.touched, self._changes.dropped = set(), set()
        return taken

    def get(self, path: str) -> Node | None:
        """Return the node at exactly this path, following nothing."""
        node: Node | None = self.root
        for name in parts(path):
            if not isinstance(node, Directory):
                return None
            node = node.children.get(name)
        return node

    def resolve(self, path: str, *, last: bool = True) -> str:
        """Return the path with every link followed (the last component only when ``last``), as inside a chroot.

        What does not exist stays as written (containerd ``continuity/fs/path.go`` ``RootPath``).
        """
        pending = parts(posixpath.normpath("/" + path))[::-1]
        nodes: list[Node | None] = [self.root]
        names: list[str] = []
        followed = 0
        while pending:
            name = pending.pop()
            if name == "..":
                del nodes[max(1, len(nodes) - 1) :], names[max(0, len(names) - 1) :]
                continue
            parent = nodes[-1]
            node = parent.children.get(name) if isinstance(parent, Directory) else None
            if not isinstance(node, Symlink) or not (pending or last):
                names.append(name)
                nodes.append(node)
                continue
            followed += 1
            if followed > MAX_LINKS:
                raise FileSystemError(f"{path}: too many links")
            if node.target.startswith("/"):
                del nodes[1:], names[:]
            pending.extend(reversed(parts(node.target)))
        return "/" + "/".join(names)

    def follow(self, path: str) -> Node | None:
        """Return the node a path leads to when every link is followed."""
        return self.get(self.resolve(path))

    def put(self, path: str, node: Node) -> None:
        """Place a node at exactly this path, replacing what is there. The folder above must exist."""
        above, name = posixpath.split(path)
        folder = self.get(above)
        if not isinstance(folder, Directory):
            raise FileSystemError(f"{above}: not a folder")
        self.put_in(folder, path, name, node)

    def put_in(self, folder: Directory, path: str, name: str, node: Node) -> None:
        """Place a node in a folder that the caller has at hand; ``path`` is its whole path."""
        if name.startswith(".wh."):
            raise FileSystemError(f"{path}: image layers keep names that start with .wh. for deletions")
        if path.count("/") > MAX_DEPTH:
            raise FileSystemError(f"{path[:80]}…: more than {MAX_DEPTH} folders deep")
        old = folder.children.get(name)
        if isinstance(old, Directory) and old is not node:
            self._changes.dropped.add(self._prefix + path)
        folder.children[name] = node
        self._changes.touched.add(self._prefix + path)

    def remove(self, path: str) -> None:
        """Remove the node at exactly this path, if any."""
        above, name = posixpath.split(path)
        folder = self.get(above)
        if isinstance(folder, Directory) and name in folder.children:
            del folder.children[name]
            self._changes.touched.add(self._prefix + path)
            self._changes.dropped.add(self._prefix + path)

    def set_meta(self, path: str, folder: Directory, meta: Meta) -> None:
        """Change a folder's metadata."""
        folder.meta = meta
        self._changes.touched.add(self._prefix + path)

    def make_folders(self, path: str, meta: Meta) -> Directory:
        """Create the folders of an already resolved path that are missing, and return the last one.

        Raises FileSystemError when something on the way is no folder (fsutil ``copy/mkdir.go`` ``MkdirAll``).
        """
        folder, done = self.root, ""
        for name in parts(path):
            done = f"{done}/{name}"
            node = folder.children.get(name)
            if node is None:
                node = Directory(meta)
                self.put_in(folder, done, name, node)
            if not isinstance(node, Directory):
                raise FileSystemError(f"{done}: not a folder")
            folder = node
        return folder

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Yield every path with its node, parents first, names sorted; the root is not among them."""
        stack: list[tuple[str, Node]] = [("", self.root)]
        while stack:
            path, node = stack.pop()
            if path:
                yield path, node
            if isinstance(node, Directory):
                stack.extend((f"{path}/{name}", node.children[name]) for name in sorted(node.children, reverse=True))

    def files(self) -> Iterator[tuple[str, File]]:
        """Yield the regular files with their paths."""
        return ((path, node) for path, node in self.walk() if isinstance(node, File))


def parts(path: str) -> list[str]:
    """Split a path into its names; ``.`` and empty ones go."""
    return [name for name in path.split("/") if name not in ("", ".")]


def _copied(folder: Directory) -> Directory:
    children: dict[str, Node] = {
        name: _copied(node) if isinstance(node, Directory) else node for name, node in folder.children.items()
    }
    return Directory(folder.meta, children)
