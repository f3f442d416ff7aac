"""What the index says that ``git status`` does not: hidden files (assume-unchanged, skip-worktree) and submodules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mbuild.git.door import Git, release
from mbuild.git.messages import failure
from mbuild.tree import decode

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Oddity:
    """One entry of the index. hidden: git status does not look at its file; sparse: it may be absent on disk."""

    path: str
    oid: str
    hidden: bool
    sparse: bool
    submodule: bool


def oddities(git: Git) -> Iterator[Oddity]:
    """Yield the hidden files and the submodules of the index."""
    for record in _records(git):
        # "TAG MODE OID STAGE TAB PATH"; most are "H 100644": neither hidden nor a submodule.
        if record[:5] == b"H 100" or not record:
            continue
        head, _, name = record.partition(b"\t")
        tag, mode, oid, _ = head.decode().split(" ")
        hidden, submodule = tag.islower() or tag == "S", mode == "160000"
        if hidden or submodule:
            yield Oddity(decode(name), oid, hidden, tag in "Ss", submodule)


def _records(git: Git) -> Iterator[bytes]:
    """Yield what ``ls-files`` prints, piece by piece: for 200,000 files it is 20 MB."""
    child = git.start("ls-files", "-v", "--stage", "-z")
    try:
        rest = b""
        while chunk := child.stdout.read(_CHUNK):
            records = (rest + chunk).split(b"\0")
            rest = records.pop()
            yield from records
        err = child.stderr.read()
        if child.wait() != 0:
            raise failure(err, git.top, "ls-files")
    finally:
        release(child)
