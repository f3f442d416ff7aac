"""A step of a chain as an edited work tree: the commit before is checked out, the edit is made on disk."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from tests.oracle.soundness.history import commit_all, git, new_repository
from tests.oracle.soundness.values import EXECUTABLE, LINK, SUBMODULE, Blob, Tree

WAYS = ("unstaged", "staged", "half staged", "staged and edited again", "in the submodule")
NOISE = "noise.log"


@lru_cache(maxsize=1)
def module_commits() -> tuple[str, ...]:
    """Return the commits of the submodule's repository: the same ids every time."""
    folder = Path(mkdtemp(prefix="mbuild-module-"))
    try:
        return tuple(_module(folder / "module"))
    finally:
        shutil.rmtree(folder)


def _module(folder: Path) -> list[str]:
    trees = [{"inside.txt": Blob(b"%d\n" % number), "data/deep.md": Blob(b"deep\n")} for number in range(3)]
    return commit_all(new_repository(folder), trees)


class WorkTree:
    """The work tree of a chain's repository."""

    def __init__(self, folder: Path) -> None:
        """Take a repository; what it has on disk is thrown away."""
        self.folder = folder
        self.module = folder / ".git" / "module-origin"
        _module(self.module)
        (folder / ".git" / "info" / "exclude").write_text(f"{NOISE}\n")

    def edit(self, commit: str, before: Tree, after: Tree, way: str, pick: random.Random) -> None:
        """Check out a commit and bring the work tree from its tree to another one."""
        git(self.folder, "checkout", "-q", "-f", "--detach", commit)
        git(self.folder, "clean", "-ffdxq")
        self._plant_modules(before)
        (self.folder / NOISE).write_text("git does not look at this\n")
        changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        if way == "staged and edited again":
            before = self._stage_something_else(changed, before, after)
        # What is gone makes room first: a folder may become a file.
        for path in sorted(changed, key=lambda each: each in after):
            self._put(path, before.get(path), after.get(path))
        if way == "staged":
            self._stage(changed)
        if way == "half staged":
            self._stage([path for path in changed if pick.random() < 0.5])
        if way == "in the submodule":
            (self.folder / next(_modules(after)) / pick.choice(["inside.txt", "new.txt"])).write_text("edited\n")

    def _stage_something_else(self, changed: Iterable[str], before: Tree, after: Tree) -> Tree:
        """Write other content to the files that change, and stage it; return the tree that this makes."""
        between, put = Blob(b"in between\n"), []
        for path in changed:
            new = after.get(path)
            if new is not None and new.mode != SUBMODULE and not _clashes(path, before):
                self._put(path, before.get(path), between)
                before = {**before, path: between}
                put.append(path)
        self._stage(put)
        return before

    def _plant_modules(self, tree: Tree) -> None:
        for path in _modules(tree):
            place = self.folder / path
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self.module / ".git", place / ".git")
            git(place, "checkout", "-q", "-f", "--detach", tree[path].data.decode())

    def _stage(self, paths: Iterable[str]) -> None:
        names = "\0".join(paths).encode("utf-8", "surrogateescape")
        if names:
            git(
                self.folder,
                "--literal-pathspecs",
                "add",
                "-A",
                "--pathspec-from-file=-",
                "--pathspec-file-nul",
                stdin=names,
            )

    def _put(self, path: str, old: Blob | None, new: Blob | None) -> None:
        place = self.folder / path
        if new is not None and new.mode == SUBMODULE:
            git(place, "checkout", "-q", "-f", "--detach", new.data.decode())
            return
        if old is not None and os.path.lexists(place):
            place.unlink()
            _prune(place.parent)
        if new is not None:
            write(place, new)


def _clashes(path: str, tree: Tree) -> bool:
    return any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in tree)


def _prune(folder: Path) -> None:
    """Remove the folders that became empty: git has none."""
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def write(place: Path, blob: Blob) -> None:
    """Write a file or a link, and the folders above it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if blob.mode == LINK:
        os.symlink(blob.data, os.fsencode(place))  # noqa: PTH211 - pathlib would tidy the target up
        return
    place.write_bytes(blob.data)
    place.chmod(0o755 if blob.mode == EXECUTABLE else 0o644)


def _modules(tree: Tree) -> Iterator[str]:
    return (path for path, blob in tree.items() if blob.mode == SUBMODULE)


def has_module(tree: Tree) -> bool:
    """Tell whether there is a submodule."""
    return any(True for _ in _modules(tree))


def dirtied(tree: Tree) -> Tree:
    """Return a tree with its submodules at no commit that there is."""
    return {path: Blob(b"dirty", SUBMODULE) if blob.mode == SUBMODULE else blob for path, blob in tree.items()}
