"""COPY and ADD as BuildKit does them (fsutil ``copy/copy.go``, BuildKit ``solver/llbsolver/file/backend.go``)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from mbuild.builders.oci.chmod import ChangeMode
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.nodes import DEFAULT_FOLDER_MODE, Device, Directory, File, FileSystemError, Inode, Meta, Node
from mbuild.builders.oci.owner import Owner
from mbuild.values import dataclass, field, replace

Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Rules:
    """How one COPY or ADD treats what it copies.

    owner:    ``--chown``; None keeps the owners. change: ``--chmod``; None keeps the modes. Links keep theirs.
    included: ``--parents``: the paths below the source that are wanted; None: all. excluded: ``--exclude``.
    mtime:    of folders that are made on the way, in seconds.
    tick:     called for every node; raises to stop.
    """

    owner: Owner | None = None
    change: ChangeMode | None = None
    included: Fits | None = None
    excluded: Fits | None = None
    mtime: int = 0
    tick: Callable[[], None] = lambda: None

    def altered(self, node: Node) -> Meta:
        """Return the metadata that the copy of a node gets."""
        meta = node.meta
        if self.owner is not None:
            meta = replace(meta, uid=self.owner.uid, gid=self.owner.gid)
        if self.change is not None and isinstance(node, (File, Device, Directory)):
            meta = replace(meta, mode=self.change(meta.mode, isinstance(node, Directory)))
        return meta

    @property
    def made(self) -> Meta:
        """Metadata of folders that are made on the way to the destination."""
        owner = self.owner or Owner()
        return Meta(DEFAULT_FOLDER_MODE, owner.uid, owner.gid, self.mtime)


def copy_path(source: FileSystem, path: str, target: FileSystem, dest: str, rules: Rules) -> None:
    """Copy one path, whose links are followed, to a destination (absolute; a final ``/`` or ``/.`` says: a folder).

    A folder gives its contents. Raises FileSystemError.
    """
    above, last = posixpath.split(dest)
    clean = posixpath.normpath(dest)
    target.make_folders(target.resolve(dest if last in ("", ".") else above), rules.made)
    place = target.resolve(clean)
    found = source.follow(path)
    if found is None:
        raise FileSystemError(f"{path}: not found")
    copier = _Copier(target, rules)
    if isinstance(found, Directory):
        copier.contents(found, place)
        return
    if isinstance(target.get(place), Directory):
        place = posixpath.join(place, posixpath.basename(path))
    copier.leaf(found, target.make_folders(posixpath.dirname(place), rules.made), place)


@dataclass(slots=True)
class _Pending:
    """A source folder on the way down; its copy is made when something in it is wanted."""

    source: Directory
    path: str
    made: Directory | None = None


@dataclass(slots=True)
class _Copier:
    target: FileSystem
    rules: Rules
    open_folders: list[_Pending] = field(default_factory=list)
    inodes: dict[Inode, Inode] = field(default_factory=dict)

    def contents(self, source: Directory, place: str) -> None:
        """Copy what a folder holds; the folder it goes to keeps its own metadata."""
        folder = self.target.get(place)
        if folder is not None and not isinstance(folder, Directory):
            raise FileSystemError(f"cannot copy a folder over {place}, which is none")
        folder = self.target.make_folders(place, self.rules.made)
        self.open_folders = [_Pending(source, place, folder)]
        self._children(source, place.rstrip("/"), "")

    def _children(self, source: Directory, place: str, below: str) -> None:
        for name in sorted(source.children):
            self.rules.tick()
            node, inner = source.children[name], below + name
            wanted = self._wanted(inner)
            if isinstance(node, Directory):
                self._folder(node, f"{place}/{name}", inner, wanted)
            elif wanted:
                self.leaf(node, self._made(), f"{place}/{name}")

    def _folder(self, node: Directory, place: str, inner: str, wanted: bool) -> None:
        self.open_folders.append(_Pending(node, place))
        if wanted:
            made = self._made()
            self.target.set_meta(place, made, self.rules.altered(node))
        self._children(node, place, inner + "/")
        self.open_folders.pop()

    def _wanted(self, inner: str) -> bool:
        rules = self.rules
        return (rules.included is None or rules.included(inner)) and not (rules.excluded and rules.excluded(inner))

    def _made(self) -> Directory:
        """Return the copy of the innermost open folder, made now together with those around it that are missing."""
        folder = self.open_folders[0].made
        for outer, inner in zip(self.open_folders, self.open_folders[1:], strict=False):
            if inner.made is None:
                assert outer.made is not None
                inner.made = self._enter(outer.made, inner)
            folder = inner.made
        assert folder is not None
        return folder

    def _enter(self, above: Directory, pending: _Pending) -> Directory:
        name = posixpath.basename(pending.path)
        old = above.children.get(name)
        if isinstance(old, Directory):
            self.target.set_meta(pending.path, old, replace(old.meta, mode=pending.source.meta.mode))
            return old
        if old is not None:
            raise FileSystemError(f"cannot copy a folder over {pending.path}, which is none")
        made = Directory(self.rules.altered(pending.source))
        self.target.put_in(above, pending.path, name, made)
        return made

    def leaf(self, node: Node, folder: Directory, place: str) -> None:
        """Copy anything but a folder; what is there is replaced unless it is a folder."""
        name = posixpath.basename(place)
        if isinstance(folder.children.get(name), Directory):
            raise FileSystemError(f"cannot replace the folder {place} by a file")
        made = replace(node, meta=self.rules.altered(node))
        if isinstance(made, File) and made.inode is not None:
            made = replace(made, inode=self.inodes.setdefault(made.inode, Inode()))
        self.target.put_in(folder, place, name, made)


def merge(upper: FileSystem, lower: FileSystem) -> None:
    """Lay one file system over another as its layer would be: what ``--link`` promises. No link is followed."""
    for path, node in upper.walk():
        old = lower.get(path)
        if not isinstance(node, Directory):
            lower.put(path, node)
        elif isinstance(old, Directory):
            lower.set_meta(path, old, node.meta)
        else:
            lower.put(path, Directory(node.meta))
