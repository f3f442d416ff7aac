"""The files of an image from the tar archives of its layers (OCI image specification, ``layer.md``)."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from mbuild.audit.image import File, Root
from mbuild.values import dataclass, field

CHUNK = 1 << 18
_KINDS = {
    **dict.fromkeys((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE), "file"),
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
}


@dataclass(slots=True)
class _Node:
    """A path of the image. facts: None for a folder that no layer describes; layer: the last one that does."""

    facts: File | None = None
    layer: int = 0
    below: dict[str, _Node] = field(default_factory=dict)


def root_of(layers: Iterable[BinaryIO], makers: Sequence[str] = ()) -> Root:
    """Lay layers over each other, lowest first, and return what is there then. Raises tarfile.TarError, OSError.

    layers: tar archives, compressed with gzip or not, read once from beginning to end. makers: what made each.
    """
    root = _Node()
    for number, layer in enumerate(layers):
        with tarfile.open(fileobj=layer, mode="r|*") as archive:
            _lay(root, dict(_members(root, archive)), number)
    found = dict(_listed(root))
    files = {path: each.facts for path, each in found.items() if each.facts is not None}
    return Root(files, {path: found[path].layer for path in files}, tuple(makers))


def _members(root: _Node, archive: tarfile.TarFile) -> Iterator[tuple[str, File]]:
    """Yield what a layer adds, and take away at once what it takes away: that can only be of the layers below."""
    own: dict[str, File] = {}
    for member in archive:
        path = "/".join(part for part in member.name.split("/") if part not in ("", "."))
        folder, _, name = path.rpartition("/")
        if name == ".wh..wh..opq":
            _empty(root, folder)
        elif name.startswith(".wh."):
            _remove(root, folder, name[4:])
        else:
            own[path] = found = _facts(root, own, archive, member)
            yield path, found


def _facts(root: _Node, own: dict[str, File], archive: tarfile.TarFile, member: tarfile.TarInfo) -> File:
    if member.islnk():
        target = "/".join(part for part in member.linkname.split("/") if part not in ("", "."))
        shared = own.get(target) or _found(root, target)
        if shared is None:
            raise tarfile.ReadError(f"{member.name}: a hard link to nothing")
        return shared
    kind = _KINDS.get(member.type, f"type {member.type!r}")
    where = member.linkname if kind == "link" else f"{member.devmajor}:{member.devminor}" if "device" in kind else ""
    attributes = tuple(sorted(each for each in member.pax_headers.items() if each[0].startswith("SCHILY.xattr.")))
    size, digest = (member.size, _digest(archive, member)) if kind == "file" else (0, "")
    mode = 0o777 if kind == "link" else member.mode
    return File(kind, mode, member.uid, member.gid, where, size, digest, attributes)


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    state, content = hashlib.sha256(), archive.extractfile(member)
    while content is not None and (data := content.read(CHUNK)):
        state.update(data)
    return state.hexdigest()


def _lay(root: _Node, added: dict[str, File], layer: int) -> None:
    for path, facts in added.items():
        node = root
        for part in path.split("/") if path else ():
            node = node.below.setdefault(part, _Node())
        node.facts, node.layer = facts, layer
        if facts.kind != "folder":
            node.below.clear()


def _node(root: _Node, path: str) -> _Node | None:
    node: _Node | None = root
    for part in path.split("/") if path else ():
        node = node.below.get(part) if node is not None else None
    return node


def _found(root: _Node, path: str) -> File | None:
    node = _node(root, path)
    return node.facts if node is not None else None


def _empty(root: _Node, folder: str) -> None:
    node = _node(root, folder)
    if node is not None:
        node.below.clear()


def _remove(root: _Node, folder: str, name: str) -> None:
    node = _node(root, folder)
    if node is not None:
        node.below.pop(name, None)


def _listed(root: _Node) -> Iterator[tuple[str, _Node]]:
    waiting = [("", root)]
    while waiting:
        path, node = waiting.pop()
        yield path, node
        waiting += ((f"{path}/{name}" if path else name, each) for name, each in node.below.items())
