"""A real repository for the tests of git, in bytes where names need it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mbuild.git.repository import Repository, open_repository
from mbuild.git.worktree import WorkTree
from mbuild.tree import Entry, decode

AUTHOR = {
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.com",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.com",
}


def git(folder: Path, *args: str | bytes, stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
    """Run git as a user would, in a folder."""
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *args],
        cwd=folder,
        env=os.environ | AUTHOR | (env or {}),
        input=stdin,
        capture_output=True,
    )
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout


class Repo:
    """A repository in a temporary folder."""

    def __init__(self, top: Path, *init: str) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *init)

    @classmethod
    def at(cls, top: Path) -> Repo:
        """Take a repository that is there, a clone for one."""
        repo = object.__new__(cls)
        repo.top = top
        return repo

    def git(self, *args: str | bytes, stdin: bytes | None = None, env: dict[str, str] | None = None) -> str:
        return decode(git(self.top, *args, stdin=stdin, env=env)).strip()

    def write(self, name: str | bytes, content: str | bytes = "x\n", mode: int = 0o644) -> None:
        place = self.top / os.fsdecode(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        place.chmod(mode)

    def commit(self, message: str = "change", **files: str) -> str:
        for name, content in files.items():
            self.write(name, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def open(self) -> Repository:
        return open_repository(self.top)

    def work_tree(self) -> WorkTree:
        return self.open().work_tree()

    def added(self) -> str:
        """Return the tree that ``git add -A`` would make, without touching the index: the oracle for the work tree."""
        index = Path(self.git("rev-parse", "--absolute-git-dir")) / "index"
        copy = index.with_name("index.oracle")
        if index.exists():
            copy.write_bytes(index.read_bytes())
            # Same times as the original: racy entries must look as racy to the oracle.
            os.utime(copy, ns=(index.stat().st_atime_ns, index.stat().st_mtime_ns))
        env = {"GIT_INDEX_FILE": str(copy)}
        self.git("-c", "core.fileMode=true", "add", "-A", env=env)
        tree = self.git("write-tree", env=env)
        copy.unlink(missing_ok=True)
        return tree

    def listed(self, tree: str) -> list[Entry]:
        """Return what ls-tree says of a tree."""
        found = []
        for record in git(self.top, "ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0")[:-1]:
            head, _, name = record.partition(b"\t")
            mode, _, oid = head.decode().split()
            found.append(Entry(decode(name), int(mode, 8), oid))
        return sorted(found, key=lambda each: each.path)


def kinds(repo: Repo) -> dict[str, str]:
    """Return path → kind of what the work tree changes."""
    return {path: change.kind for path, change in repo.work_tree().edits.items()}
