"""Reading tar archives member by member with bounded memory, whoever made them."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Generator
from typing import IO, Any, cast

from mbuild.builders.oci.nodes import Content, Device, File, FileSystemError, Meta, Node, Symlink
from mbuild.builders.oci.spool import Forward, Spool, guarded

MAX_MEMBERS = 2_000_000
XATTR = "SCHILY.xattr."
DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)


def members(spool: Spool, tick: Callable[[], None]) -> Generator[tarfile.TarInfo, None, None]:
    """Yield the members of an archive in order. Raises FileSystemError when it is broken or has too many."""
    with spool.stream() as stream:
        forward = Forward(stream, tick)
        archive = guarded(lambda: _open(forward))
        for _ in range(MAX_MEMBERS):
            tick()
            forward.begin()
            member = guarded(archive.next)
            if member is None:
                return
            cast("Any", archive).members = []  # else it keeps every header
            yield member
    raise FileSystemError(f"the archive has more than {MAX_MEMBERS} members")


def _open(forward: Forward) -> tarfile.TarFile:
    return tarfile.TarFile(
        fileobj=cast("IO[bytes]", forward), mode="r", encoding="utf-8", errors="surrogateescape", errorlevel=2
    )


def meta_of(member: tarfile.TarInfo) -> Meta:
    """Return a member's metadata; the mtime in whole seconds."""
    attributes = tuple(
        (key.removeprefix(XATTR), value.encode("utf-8", "surrogateescape"))
        for key, value in sorted(member.pax_headers.items())
        if key.startswith(XATTR)
    )
    return Meta(member.mode & 0o7777, member.uid, member.gid, int(member.mtime), attributes)


def node_of(member: tarfile.TarInfo, spool: Spool) -> Node | None:
    """Return the node of a file, link or device member; None for a folder and a hard link. Raises FileSystemError."""
    meta = meta_of(member)
    if member.issparse():
        raise FileSystemError(f"{member.name}: sparse files in archives are not supported")
    if member.type in tarfile.REGULAR_TYPES:
        return File(meta, Content(member.size, spool.opener(member.offset_data, member.size)))
    if member.issym():
        return Symlink(meta, member.linkname)
    if member.type in DEVICES:
        return Device(meta, member.type, member.devmajor, member.devminor)
    if member.isdir() or member.islnk():
        return None
    raise FileSystemError(f"{member.name}: the archive has a member of the unknown type {member.type!r}")
