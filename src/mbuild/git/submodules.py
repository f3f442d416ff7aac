"""Repositories inside the work tree: submodules, and repositories that nothing tracks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.errors import GitError
from mbuild.git.disk import Disk
from mbuild.git.hashing import digest
from mbuild.git.repository import Repository, open_repository
from mbuild.tree import Entry, encode
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.git.worktree import WorkTree


@dataclass(frozen=True, slots=True)
class Inside:
    """A submodule as it is on disk.

    oid:  the commit checked out in it when it is clean. When it is not, a digest of that commit and every edit (path,
          mode, content): it differs from any commit id, and again with every further edit.
    tree: the work tree in it, None where it is not checked out.
    """

    oid: str
    tree: WorkTree | None


def inside(repository: Repository, disk: Disk, path: str, recorded: str) -> Inside:
    """Look into a submodule; ``recorded`` is the commit the index has for it. Raises GitError when it is broken."""
    child = _opened(disk, path)
    if child is None:
        # Not checked out: nothing is there, or files that git does not look at and a builder would send all the same.
        files = b"".join(_record(*each) for each in disk.walk(path))
        return Inside(_marked(repository, recorded, files) if files else recorded, None)
    tree = child.work_tree()
    commit = tree.head or recorded
    if not tree.dirty:
        return Inside(commit, tree)
    news = ((edit.path, edit.new) for edit in tree.edits.values())
    files = b"".join(_record(name, new.mode if new else 0, new.oid.encode() if new else b"") for name, new in news)
    return Inside(_marked(repository, commit, files), tree)


def nested(repository: Repository, path: str) -> Iterator[Entry]:
    """Yield the files of an untracked repository below ``path``, as that repository sees them."""
    child = _opened(Disk(repository.top), path)
    if child is None:
        raise GitError(
            f"{path} looks like a git repository, but git cannot open it", "mend it, remove it, or have git ignore it"
        )
    for entry in child.work_tree().below(""):
        yield Entry(f"{path}/{entry.path}", entry.mode, entry.oid)


def _opened(disk: Disk, path: str) -> Repository | None:
    """Open the repository whose top is this folder; None where the folder is none by itself."""
    place = disk.place(path)
    if not os.path.lexists(place + b"/.git"):
        return None
    child = open_repository(Path(os.fsdecode(place)))
    same = os.path.samefile(os.fsencode(child.top), place)  # noqa: PTH121 - bytes, which pathlib cannot hold
    return child if same else None


def _marked(repository: Repository, commit: str, files: bytes) -> str:
    return digest(repository.object_format, b"mbuild dirty submodule\0" + commit.encode() + b"\0" + files)


def _record(path: str, mode: int, content: bytes) -> bytes:
    name = encode(path)
    return b"%d %o %d\0" % (len(name), mode, len(content)) + name + content
