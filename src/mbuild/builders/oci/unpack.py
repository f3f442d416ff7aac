"""ADD of a local archive: what is one, and how it is unpacked (go-archive ``archive.go``, BuildKit ``unpack.go``).

BuildKit unpacks in a chroot of the destination, so ``..``, absolute names and links of the archive lead nowhere else.
The same holds here, for a file system that exists in memory only.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable
from contextlib import closing

from mbuild.builders.oci.copying import Rules
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.nodes import DEFAULT_FOLDER_MODE, Directory, File, FileSystemError, Inode, Meta, Node
from mbuild.builders.oci.spool import Spool
from mbuild.builders.oci.tarstream import members, meta_of, node_of
from mbuild.values import replace


def is_archive(spool: Spool, tick: Callable[[], None]) -> bool:
    """Tell whether the first header of a tar is there, compressed or not. EnvironmentFault for zstd passes through."""
    try:
        with closing(members(spool, tick)) as found:
            return next(found, None) is not None
    except FileSystemError:
        return False


def unpack(spool: Spool, target: FileSystem, dest: str, rules: Rules) -> None:
    """Unpack an archive into a folder, which is made when missing. Owners are the archive's. Raises FileSystemError."""
    place = target.resolve(dest)
    target.make_folders(place, rules.made)
    _Unpacking(spool, target.chroot(place), rules).run()


class _Unpacking:
    def __init__(self, spool: Spool, root: FileSystem, rules: Rules) -> None:
        self._spool = spool
        self._root = root
        self._rules = rules
        self._implied = Meta(DEFAULT_FOLDER_MODE, mtime=rules.mtime)

    def run(self) -> None:
        for member in members(self._spool, self._rules.tick):
            if posixpath.normpath(member.name) != ".":
                self._member(member)

    def _member(self, member: tarfile.TarInfo) -> None:
        path = posixpath.normpath("/" + member.name.lstrip("/"))
        if path == "/":
            if not member.isdir():
                raise FileSystemError(f"{member.name}: the archive replaces its own root")
            self._root.set_meta("", self._root.root, meta_of(member))
            return
        folder, place = self._parent(path)
        name = posixpath.basename(place)
        if member.isdir():
            self._folder(member, folder, place)
            return
        node = self._linked(member) if member.islnk() else node_of(member, self._spool)
        assert node is not None
        if folder.children.get(name) is not node:
            self._root.put_in(folder, place, name, node)

    def _folder(self, member: tarfile.TarInfo, folder: Directory, place: str) -> None:
        name = posixpath.basename(place)
        old = folder.children.get(name)
        if isinstance(old, Directory):
            self._root.set_meta(place, old, meta_of(member))
        else:
            self._root.put_in(folder, place, name, Directory(meta_of(member)))

    def _parent(self, path: str) -> tuple[Directory, str]:
        """Return the folder that a path of the archive lies in, links followed, and the path inside it."""
        above, name = posixpath.split(path)
        if self._root.get(self._root.resolve(above, last=False)) is None:
            self._root.make_folders(self._root.resolve(above), self._implied)
        real = self._root.resolve(above)
        folder = self._root.get(real)
        if not isinstance(folder, Directory):
            raise FileSystemError(f"{path}: the archive has a file where it needs a folder")
        return folder, f"{real.rstrip('/')}/{name}"

    def _linked(self, member: tarfile.TarInfo) -> Node:
        """Return the node that a hard link shares with its target, which learns that it has several names."""
        target = self._root.resolve(member.linkname, last=False)
        node = self._root.get(target)
        if node is None or isinstance(node, Directory):
            raise FileSystemError(f"{member.name}: a hard link to {member.linkname}, which is no file of the archive")
        if isinstance(node, File) and node.inode is None:
            node = replace(node, inode=Inode())
            self._root.put(target, node)
        return node
