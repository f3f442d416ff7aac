"""One repository with everything that CI meets: a pull request, a base branch that moved on, a forced push, tags.

m1 (v1) ── m2 ── m3 (main, v2)         b changes in m2, d in m3
  │         ├── gone                   c changes; main was here before it was forced back: no ref leads to it
  │         └── merge ── (m2, f2)      what a provider makes of the pull request
  └─ f1 ── f2 (feature)                a changes in f1, c in f2
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import AUTHOR, Repo

IMAGES = ("a", "b", "c", "d")


@dataclass(frozen=True)
class World:
    """The remote's folder, and its commits by the names above."""

    folder: Path
    ids: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.folder.as_uri()


def make(folder: Path) -> World:
    repo = Repo(folder)
    repo.git("config", "uploadpack.allowFilter", "true")
    entries = "".join(f"  {each}: {{dockerfile: {each}/Dockerfile}}\n" for each in IMAGES)
    files = {"build.yaml": f"version: 1\nproject: p\nimages:\n{entries}"}
    files |= {f"{each}/Dockerfile": "FROM scratch\nCOPY f /f\n" for each in IMAGES}
    ids = {"m1": repo.commit(files | {f"{each}/f": "1\n" for each in IMAGES})}
    repo.git("tag", "v1")
    ids["m2"] = repo.commit({"b/f": "2\n"})
    ids["gone"] = repo.commit({"c/f": "gone\n"})
    repo.git("reset", "-q", "--hard", ids["m2"])
    ids["m3"] = repo.commit({"d/f": "2\n"})
    repo.git("tag", "v2")
    repo.git("checkout", "-q", "-b", "feature", "v1")
    ids["f1"] = repo.commit({"a/f": "2\n"})
    ids["f2"] = repo.commit({"c/f": "2\n"})
    repo.git("checkout", "-q", "--detach", ids["m2"])
    repo.git("merge", "-q", "--no-ff", "-m", "merge", ids["f2"])
    ids["merge"] = repo.git("rev-parse", "HEAD")
    repo.git("update-ref", "refs/pull/7/merge", ids["merge"])
    repo.git("update-ref", "refs/pull/7/head", ids["f2"])
    repo.git("checkout", "-q", "main")
    return World(folder, ids | {"zero": "0" * 40})


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, env=os.environ | AUTHOR, capture_output=True, text=True)
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout.strip()


def _fresh(world: World, folder: Path) -> None:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "master")
    git(folder, "remote", "add", "origin", world.url)


def github(world: World, folder: Path, commit: str) -> None:
    """Check out as actions/checkout does by itself: one commit, fetched by its id, without branches."""
    _fresh(world, folder)
    git(folder, "fetch", "-q", "--no-tags", "--depth=1", "origin", f"+{commit}:refs/remotes/pull/7/merge")
    git(folder, "checkout", "-q", "--force", "refs/remotes/pull/7/merge")


def gitlab(world: World, folder: Path, commit: str) -> None:
    """Check out as the runner does, at a depth that does not reach the base."""
    _fresh(world, folder)
    git(folder, "fetch", "-q", "--depth=2", "origin", f"+{commit}:refs/pipelines/1")
    git(folder, "checkout", "-q", "-f", commit)


def full(world: World, folder: Path, commit: str) -> None:
    """Check out a commit in a full clone, as Buildkite's agent, Jenkins and TeamCity do."""
    git(folder.parent, "clone", "-q", world.url, folder.name)
    git(folder, "fetch", "-q", "origin", commit)
    git(folder, "checkout", "-q", "-f", commit)


def circleci(world: World, folder: Path, commit: str) -> None:
    """Check out a branch of that name in a clone without blobs."""
    git(folder.parent, "clone", "-q", "--filter=blob:none", "--no-checkout", world.url, folder.name)
    git(folder, "checkout", "-q", "-B", "feature", commit)


def azure(world: World, folder: Path, commit: str) -> None:
    """Check out one commit, as new pipelines do: their fetch depth is 1."""
    _fresh(world, folder)
    git(folder, "fetch", "-q", "--no-tags", "--depth=1", "origin", f"+{commit}:refs/remotes/origin/{commit}")
    git(folder, "checkout", "-q", "--force", commit)


def bitbucket(world: World, folder: Path, commit: str) -> None:
    """Clone the source branch alone and merge the destination into it, which makes a commit that nobody else has."""
    git(folder.parent, "clone", "-q", "--branch=feature", "--depth=50", world.url, folder.name)
    git(folder, "reset", "-q", "--hard", commit)
    git(folder, "fetch", "-q", "origin", "main")
    git(folder, "merge", "-q", "--no-edit", "FETCH_HEAD")


def drone(world: World, folder: Path, commit: str) -> None:
    """Check the target branch out and merge the pull request into it."""
    _fresh(world, folder)
    git(folder, "fetch", "-q", "origin", "+refs/heads/main:")
    git(folder, "checkout", "-q", "main")
    git(folder, "fetch", "-q", "origin", commit)
    git(folder, "merge", "-q", "--no-edit", commit)


def woodpecker(world: World, folder: Path, commit: str) -> None:
    """Fetch one commit without trees."""
    _fresh(world, folder)
    git(folder, "fetch", "-q", "--no-tags", "--depth=1", "--filter=tree:0", "origin", f"+{commit}:")
    git(folder, "reset", "-q", "--hard", commit)


CHECKOUTS: Mapping[str, Callable[[World, Path, str], None]] = {
    each.__name__: each for each in (github, gitlab, full, circleci, azure, bitbucket, drone, woodpecker)
}
