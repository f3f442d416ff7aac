"""Begins what git does for a look while the rest of mbuild is imported: a work tree keeps git busy for longest."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from mbuild.git.repository import Repository, open_repository
from mbuild.process.begun import Begun
from mbuild.store.cache import open_cache

if TYPE_CHECKING:
    from pathlib import Path

    from mbuild.app.workspace import AnyTree


class Ahead:
    """A repository that is being opened, and its work tree, where that will be asked for."""

    def __init__(self, directory: Path, expected: Iterable[str] = (), *, work_tree: bool = False) -> None:
        """Begin. expected: refs that will be asked for (``open_repository``)."""
        names = tuple(expected)
        self.repository = Begun(lambda: _opened(directory, names))
        self.work_tree: Begun[AnyTree] | None = None
        if work_tree:
            import_module("mbuild.git.worktree")  # first of all that is to be imported: git waits for nothing else
            self.work_tree = Begun(lambda: self.repository.result().work_tree())


def _opened(directory: Path, expected: Iterable[str]) -> Repository:
    repository = open_repository(directory, expected)
    cache = open_cache(os.environ)
    repository.memory = cache if cache.folder is not None else None
    return repository
