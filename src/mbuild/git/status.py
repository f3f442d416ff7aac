"""What ``git status`` says, as values."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

from mbuild.errors import GitError
from mbuild.git.door import Git
from mbuild.git.folders import file_mode
from mbuild.tree import SUBMODULE, Entry, decode
from mbuild.values import dataclass

# --no-renames: a rename is a deletion and an addition. --no-ahead-behind: do not walk history for "branch.ab".
# --ignore-submodules=dirty: only their HEAD is compared here. What is dirty inside is found by opening them, because
# git's own answer can be silenced by files (``ignore = all`` in a submodule's .gitmodules, assume-unchanged inside it).
_COMMAND = (
    "status", "--porcelain=v2", "-z", "--branch", "--no-ahead-behind", "--untracked-files=all", "--no-renames",
    "--ignore-submodules=dirty",
)  # fmt: skip

_EMPTY_BLOBS = (
    b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    b"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)

# Git goes on after these, with exit code 0 and without the files concerned.
_REASONS = "|".join(
    re.escape(os.strerror(number))
    for number in (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG)
)
_CLOSED = re.compile(
    rf"^(?:warning: could not open directory '(.*)': (.*)|(?:error: )?(.+): ({_REASONS}))$".encode(), re.MULTILINE
)
# So it does with what was in a folder that is now a link to itself: what it has in the index and cannot find for that
# (``perror`` in git's ``diff-lib.c``) is gone. The link need not be in the status, it may be ignored.
_LOOPED = re.compile(rf"^(.+): {re.escape(os.strerror(errno.ELOOP))}$".encode(), re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """One path that git reports. state: ``staged`` (disk equals the index), ``disk`` (look there) or ``untracked``.

    head:  the entry in HEAD; ``ask_head``: git does not say, or not reliably.
    index: the entry in the index, None where it is deleted there.
    submodule: git takes what is on disk for a submodule.
    """

    path: str
    state: str
    head: Entry | None = None
    index: Entry | None = None
    submodule: bool = False
    ask_head: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """HEAD (None: unborn) and the paths that differ from it, are untracked or in conflict."""

    head: str | None
    lines: tuple[Line, ...]


def status(git: Git) -> Status:
    """Ask ``git status``. Raises GitError, also for a folder it could not look into: that would be missed."""
    done = git.finish(*_COMMAND)
    check_complete(done.err)
    records = [each for each in done.out.split(b"\0") if each]
    gone = (Line(decode(each), "disk", ask_head=True) for each in _LOOPED.findall(done.err))
    return Status(_head(records), (*_lines(records), *gone))


def check_complete(err: bytes) -> None:
    """Raise GitError when git says that it could not look somewhere."""
    if closed := _CLOSED.search(err):
        path, reason = (each.decode("utf-8", "replace") for each in closed.groups() if each is not None)
        raise GitError(f"{path}: {reason}: git cannot say what is there", "make it readable, or have git ignore it")


def _head(records: list[bytes]) -> str | None:
    for record in records:
        if record.startswith(b"# branch.oid "):
            oid = record[13:].decode()
            return None if oid == "(initial)" else oid
    raise GitError("git status did not say where HEAD is")


def _lines(records: list[bytes]) -> Iterator[Line]:
    for record in records:
        kind = record[:2]
        if kind == b"1 ":
            yield _changed(record)
        elif kind == b"u ":
            # "u XY SUB M1 M2 M3 MW H1 H2 H3 PATH"
            fields = record.split(b" ", 10)
            yield Line(decode(fields[10]), "disk", submodule=_is_submodule(fields[6]), ask_head=True)
        elif kind == b"? ":
            yield Line(decode(record[2:]), "untracked")
        elif kind != b"# ":
            raise GitError(f"git status answered in a way mbuild does not know: {record[:60]!r}")


def _changed(record: bytes) -> Line:
    """Parse ``1 XY SUB MH MI MW HH HI PATH``; Y is ``.`` where the disk equals the index."""
    _, xy, _, in_head, in_index, on_disk, head_oid, index_oid, name = record.split(b" ", 8)
    path = decode(name)
    # For a file of `git add -N` that is gone from disk, git 2.39 says HEAD holds an empty file, which it does not.
    phantom = xy == b".D" and head_oid in _EMPTY_BLOBS
    return Line(
        path,
        "staged" if xy[1:] == b"." else "disk",
        head=_entry(path, in_head, head_oid),
        index=_entry(path, in_index, index_oid),
        submodule=_is_submodule(on_disk),
        ask_head=phantom,
    )


def _entry(path: str, mode: bytes, oid: bytes) -> Entry | None:
    number = int(mode, 8)
    return Entry(path, file_mode(number), oid.decode()) if number else None


def _is_submodule(mode: bytes) -> bool:
    return int(mode, 8) == SUBMODULE
