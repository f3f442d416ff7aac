"""Which build.yaml holds for the working folder at a tree: the nearest one upward there, whatever there is on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.config.find import NAME
from mbuild.tree import file_at
from mbuild.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mbuild.app.workspace import Workspace
    from mbuild.git.repository import Repository
    from mbuild.tree import Tree


def for_head(workspace: Workspace, head: str | None) -> Workspace:
    """Return a workspace with the build.yaml that holds at head: a commit (ref), or the work tree for None.

    What a sparse checkout leaves out is in the work tree as it is in the commit. Raises GitError.
    """
    if head is not None:
        return for_tree(workspace, lambda: workspace.head(head))
    paths = _upward(workspace)
    if nearer := paths[: paths.index(workspace.inside)] if workspace.inside in paths else paths:
        left_out = _left_out(workspace.repository, nearer)
        return _with(workspace, next((each for each in nearer if each in left_out), None))
    return workspace


def for_tree(workspace: Workspace, tree: Callable[[], Tree]) -> Workspace:
    """Return a workspace with the build.yaml that holds at head, a tree that is asked for where there is a choice."""
    paths = _upward(workspace)
    return _holding(workspace, tree(), paths) if len(paths) > 1 or workspace.config is None else workspace


def at_tree(workspace: Workspace, tree: Tree) -> Workspace:
    """Return a workspace with the build.yaml that holds at a tree, the same one where the tree has none."""
    paths = _upward(workspace)
    return _holding(workspace, tree, paths) if len(paths) > 1 else workspace


def _upward(workspace: Workspace) -> Sequence[str]:
    """Return the paths that are looked at, the nearest first; none where build.yaml was named."""
    if workspace.start is None:
        return ()
    folders = (Path(workspace.start), *Path(workspace.start).parents)
    return [(each / NAME).as_posix() for each in folders]


def _holding(workspace: Workspace, tree: Tree, paths: Sequence[str]) -> Workspace:
    return _with(workspace, next((each for each in paths if file_at(tree, each) is not None), None))


def _with(workspace: Workspace, path: str | None) -> Workspace:
    if path is None or path == workspace.inside:
        return workspace
    return replace(workspace, config=Path(os.path.realpath(workspace.repository.top)) / path, inside=path)


def _left_out(repository: Repository, paths: Sequence[str]) -> frozenset[str]:
    """Return those of the paths that are in the index and not on disk as git wants it (skip-worktree)."""
    from mbuild.git.glance import may_be_odd

    if not may_be_odd(repository.git, repository.id_bytes):
        return frozenset()
    listed = repository.git.run("ls-files", "-v", "-z", "--", *paths)
    return frozenset(os.fsdecode(each[2:]) for each in listed.split(b"\0") if each[:1] in (b"S", b"s"))
