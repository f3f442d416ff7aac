"""Layers: written in one canonical form, so that equal contents have equal digests; read with whiteouts applied."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import tarfile
from collections.abc import Callable, Iterator

from mbuild.builders.oci.descriptor import LAYER, Descriptor
from mbuild.builders.oci.filesystem import Changes, FileSystem
from mbuild.builders.oci.layout import Layout
from mbuild.builders.oci.nodes import (
    CHUNK,
    DEFAULT_FOLDER_MODE,
    Device,
    Directory,
    File,
    FileSystemError,
    Inode,
    Meta,
    Node,
    Symlink,
)
from mbuild.builders.oci.spool import Spool
from mbuild.builders.oci.tarstream import XATTR, members, meta_of, node_of
from mbuild.values import dataclass, replace

GZIP_LEVEL = 4
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True, slots=True)
class Layer:
    """A stored layer: its blob, and the digest of the tar inside."""

    descriptor: Descriptor
    diff_id: str


def write_layer(fs: FileSystem, changes: Changes, layout: Layout, tick: Callable[[], None]) -> Layer:
    """Store what changed as a layer: the changed paths and the folders around them, by path, parents first.

    Raises FileSystemError when a source file changes while it is read.
    """
    total = hashlib.sha256()
    with layout.blob_writer(LAYER) as blob:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=blob, mtime=0) as packed:
            for piece in _pieces(fs, changes, tick):
                total.update(piece)
                packed.write(piece)
        return Layer(blob.commit(), "sha256:" + total.hexdigest())


def _pieces(fs: FileSystem, changes: Changes, tick: Callable[[], None]) -> Iterator[bytes]:
    first_names: dict[Inode, str] = {}
    for path in _order(changes.touched):
        tick()
        node = fs.get(path)
        if node is None:
            # Where a folder on the way is gone, its own entry already hides everything below.
            if isinstance(fs.get(posixpath.dirname(path)), Directory):
                yield _marker(posixpath.dirname(path), WHITEOUT + posixpath.basename(path))
            continue
        known = first_names.setdefault(node.inode, path) if isinstance(node, File) and node.inode else path
        if known == path:
            yield from _member(path, node, tick)
        else:
            yield _header(path, node.meta, tarfile.LNKTYPE, target=known[1:])
        if isinstance(node, Directory) and path in changes.dropped:
            yield _marker(path, OPAQUE)
    yield END


def _order(touched: set[str]) -> list[str]:
    """Return the paths with all folders above them, each folder before what it holds."""
    wanted: set[str] = set()
    for path in touched:
        while path not in ("", "/") and path not in wanted:
            wanted.add(path)
            path = posixpath.dirname(path)  # noqa: PLW2901 - climbing
    return sorted(wanted, key=lambda path: path.split("/"))


def _marker(folder: str, name: str) -> bytes:
    return _header(f"{folder}/{name}", Meta(DEFAULT_FOLDER_MODE), tarfile.REGTYPE)


def _member(path: str, node: Node, tick: Callable[[], None]) -> Iterator[bytes]:
    if isinstance(node, File):
        yield from _file(path, node, tick)
    elif isinstance(node, Directory):
        yield _header(path, node.meta, tarfile.DIRTYPE)
    elif isinstance(node, Symlink):
        yield _header(path, node.meta, tarfile.SYMTYPE, target=node.target)
    else:
        yield _header(path, node.meta, node.kind, device=node)


def _file(path: str, node: File, tick: Callable[[], None]) -> Iterator[bytes]:
    size = left = node.content.measured()
    yield _header(path, node.meta, tarfile.REGTYPE, size=size)
    with node.content.open() as stream:
        while chunk := stream.read(min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            tick()
            yield chunk
    if left:
        raise FileSystemError(f"{path}: the file it comes from changed while it was read")
    yield bytes(-size % tarfile.BLOCKSIZE)


def _header(
    path: str, meta: Meta, kind: bytes, *, size: int = 0, target: str = "", device: Device | None = None
) -> bytes:
    info = tarfile.TarInfo(path.lstrip("/"))
    info.type, info.size, info.linkname = kind, size, target
    info.mode, info.uid, info.gid, info.mtime = meta.mode, meta.uid, meta.gid, meta.mtime
    if device is not None:
        info.devmajor, info.devminor = device.major, device.minor
    info.pax_headers = {XATTR + name: value.decode("utf-8", "surrogateescape") for name, value in meta.xattrs}
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def apply_layer(fs: FileSystem, spool: Spool, tick: Callable[[], None]) -> None:
    """Lay a layer over a file system: whiteouts remove, opaque folders hide what lower layers put into them.

    image-spec ``layer.md``. Raises FileSystemError when the layer is broken.
    """
    added: set[str] = set()
    for member in members(spool, tick):
        path = posixpath.normpath("/" + member.name.lstrip("/"))
        above, name = posixpath.split(path)
        above = fs.resolve(above)
        place = posixpath.join(above, name)
        if path == "/":
            fs.root.meta = meta_of(member)
        elif name == OPAQUE:
            _hide_lower(fs, above, added)
        elif name.startswith(WHITEOUT):
            if not name.startswith(WHITEOUT + WHITEOUT):
                fs.remove(posixpath.join(above, name.removeprefix(WHITEOUT)))
        else:
            _lay(fs, place, member, spool)
            while place not in added:
                added.add(place)
                place = posixpath.dirname(place)


def _hide_lower(fs: FileSystem, folder: str, added: set[str]) -> None:
    node = fs.get(folder)
    for name in list(node.children) if isinstance(node, Directory) else ():
        place = posixpath.join(folder, name)
        if place in added:
            _hide_lower(fs, place, added)
        else:
            fs.remove(place)


def _lay(fs: FileSystem, place: str, member: tarfile.TarInfo, spool: Spool) -> None:
    fs.make_folders(posixpath.dirname(place), Meta(DEFAULT_FOLDER_MODE))
    old = fs.get(place)
    if member.isdir():
        if isinstance(old, Directory):
            old.meta = meta_of(member)
        else:
            fs.put(place, Directory(meta_of(member)))
        return
    node = _shared(fs, member) if member.islnk() else node_of(member, spool)
    assert node is not None
    fs.put(place, node)


def _shared(fs: FileSystem, member: tarfile.TarInfo) -> Node:
    target = fs.resolve(member.linkname, last=False)
    node = fs.get(target)
    if node is None or isinstance(node, Directory):
        raise FileSystemError(f"{member.name}: a hard link to {member.linkname}, which the layers do not have")
    if isinstance(node, File) and node.inode is None:
        node = replace(node, inode=Inode())
        fs.put(target, node)
    return node
