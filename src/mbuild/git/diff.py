"""The paths that differ between two trees, without listing trees where git can say it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from mbuild.changes import Change, between, compare
from mbuild.git.folders import file_mode
from mbuild.git.repository import Repository
from mbuild.git.trees import EMPTY, CommitTree, EmptyTree
from mbuild.tree import Entry, Tree, decode

if TYPE_CHECKING:
    from mbuild.git.worktree import WorkTree

__all__ = ["Change", "diff"]

_RAW = (
    "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-relative",
    "--no-ext-diff", "--no-textconv", "--ignore-submodules=none",
)  # fmt: skip


def diff(old: Tree, new: Tree) -> tuple[Change, ...]:
    """Return what changed from one tree to the other, sorted by path. A rename is a deletion and an addition."""
    return tuple(sorted(_found(old, new), key=lambda each: each.path))


def _found(old: Tree, new: Tree) -> list[Change]:
    if not isinstance(old, CommitTree | EmptyTree):
        return between(old, new)
    if isinstance(new, CommitTree | EmptyTree):
        return _between(old, new) if _same(old, new) else between(old, new)
    from mbuild.git.worktree import WorkTree

    if isinstance(new, WorkTree) and _same(old, new.base):
        return _to_work_tree(old, new)
    return between(old, new)


def _same(one: CommitTree | EmptyTree, other: CommitTree | EmptyTree) -> bool:
    """Whether one git can answer for both: they are of one repository, or one is empty."""
    if isinstance(one, EmptyTree) or isinstance(other, EmptyTree):
        return True
    return one.repository.git.git_dir == other.repository.git.git_dir


def _between(old: CommitTree | EmptyTree, new: CommitTree | EmptyTree) -> list[Change]:
    repository = next((each.repository for each in (old, new) if isinstance(each, CommitTree)), None)
    if repository is None:
        return []
    ids = [_id(repository, each) for each in (old, new)]
    if ids[0] == ids[1]:
        return []
    return list(_parse(repository.git.run_without_index(*_RAW, *ids, "--")))


def _id(repository: Repository, tree: CommitTree | EmptyTree) -> str:
    return tree.commit if isinstance(tree, CommitTree) else EMPTY[repository.object_format]


def _parse(raw: bytes) -> Iterator[Change]:
    """Parse ``:MODE MODE OID OID STATUS NUL PATH NUL``."""
    fields = decode(raw).split("\0")
    for head, path in zip(fields[:-1:2], fields[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, _ = head.split(" ")
        before, after = _mode(old_mode[1:]), _mode(new_mode)
        old = Entry(path, before, old_oid) if before else None
        change = compare(path, old, Entry(path, after, new_oid) if after else None)
        if change is not None:
            yield change


@cache
def _mode(text: str) -> int:
    """Return the mode of an entry, 0 where there is none."""
    number = int(text, 8)
    return file_mode(number) if number else 0


def _to_work_tree(old: CommitTree | EmptyTree, new: WorkTree) -> list[Change]:
    """Put the edits of the work tree on top of what differs between the commit and HEAD."""
    committed = {change.path: change for change in _between(old, new.base)}
    found = [change for path, change in committed.items() if path not in new.edits]
    for path, edit in new.edits.items():
        known = committed.get(path)
        change = compare(path, known.old if known else edit.old, edit.new)
        if change is not None:
            found.append(change)
    return found
