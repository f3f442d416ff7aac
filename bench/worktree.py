"""States of the work tree: a branch that is checked out, with edits."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from bench.monorepo.branches import MAIN
from bench.monorepo.store import Monorepo
from bench.monorepo.writing import git, settle


@contextlib.contextmanager
def alone(monorepo: Monorepo) -> Iterator[None]:
    """Keep other runs of the suite out of the repository, which is clean at main then."""
    with (monorepo.folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _reset(monorepo.folder)
        yield


@contextlib.contextmanager
def state(monorepo: Monorepo, name: str) -> Iterator[None]:
    """Bring the work tree into one of the states of the ground truth; clean at main afterwards."""
    wanted = monorepo.truth["states"][name]
    with checked_out(monorepo, wanted["checkout"]):
        for path, text in wanted["edits"].items():
            place = monorepo.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        yield


@contextlib.contextmanager
def checked_out(monorepo: Monorepo, branch: str) -> Iterator[None]:
    """Check a branch out; clean at main afterwards."""
    try:
        if branch != MAIN:
            git(monorepo.folder, "checkout", "-q", branch)
            settle(monorepo.folder)
        yield
    finally:
        _reset(monorepo.folder)


def _reset(folder: Path) -> None:
    before = git(folder, "rev-parse", "--symbolic-full-name", "HEAD"), git(folder, "status", "--porcelain", "--ignored")
    if before != (f"refs/heads/{MAIN}", ""):
        git(folder, "checkout", "-q", "-f", MAIN)
        git(folder, "clean", "-ffdqx")
        settle(folder)
