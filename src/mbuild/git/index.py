"""What the index says that ``git status`` does not: hidden files (assume-unchanged, skip-worktree) and submodules."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from typing import Protocol

from mbuild.git.door import Git
from mbuild.git.glance import may_be_odd
from mbuild.git.scan import scan
from mbuild.tree import decode
from mbuild.values import dataclass, field_names


@dataclass(frozen=True, slots=True)
class Oddity:
    """One entry of the index. hidden: git status does not look at its file; sparse: it may be absent on disk."""

    path: str
    oid: str
    hidden: bool
    sparse: bool
    submodule: bool


class Memory(Protocol):
    """What remembers things that can be worked out again (``store.cache.Cache``)."""

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return what was put under a key, or None."""
        ...

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Remember something."""
        ...


def oddities(git: Git, id_bytes: int, memory: Memory | None = None) -> list[Oddity]:
    """Return the hidden files and the submodules of the index.

    They are remembered by the index's own checksum: to go through 200,000 entries takes longer than ``git status``.
    id_bytes: 20 for sha1, 32 for sha256.
    """
    key = _checksum(git) if memory is not None else None
    known = memory.get("index", key) if memory is not None and key else None
    if known is not None:
        with contextlib.suppress(ValueError, TypeError):
            return [Oddity(*each) for each in json.loads(known)]
    found = list(_oddities(git)) if may_be_odd(git, id_bytes) else []
    if memory is not None and key and key == _checksum(git):
        memory.put("index", key, json.dumps([_values(each) for each in found]).encode())
    return found


def _values(found: Oddity) -> list[str | bool]:
    return [getattr(found, name) for name in field_names(Oddity)]


def _checksum(git: Git) -> str | None:
    """Return what tells the index from any other: its last bytes are the hash of the rest. None where it has none."""
    try:
        with (git.git_dir / "index").open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 32))
            last = file.read()
    except OSError:
        return None
    # With index.skipHash git writes zeros.
    return f"{git.git_dir}\n{size}\n{last.hex()}" if any(last[-20:]) else None


# Git takes files that a sparse checkout left out, and that are there, for files like any other while it reads the index
# (``sparse-index.c``, clear_skip_worktree_from_present_files). What is remembered of it must not depend on the disk.
_AS_IT_IS = "sparse.expectFilesOutsideOfPatterns=true"

# "TAG MODE OID STAGE TAB PATH"; most are "H 100644": neither hidden nor a submodule.
_ODD = re.compile(rb"\0(?!H 100)([^\0]+)")


def _oddities(git: Git) -> Iterator[Oddity]:
    for record in scan(git, ("ls-files", "-v", "--stage", "-z"), _ODD.findall, setting=_AS_IT_IS):
        head, _, name = record.partition(b"\t")
        tag, mode, oid, _ = head.decode().split(" ")
        hidden, submodule = tag.islower() or tag == "S", mode == "160000"
        if hidden or submodule:
            yield Oddity(decode(name), oid, hidden, tag in "Ss", submodule)
