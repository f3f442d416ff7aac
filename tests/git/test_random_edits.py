"""Random edits on a real repository, compared with what git itself would add."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbuild.git.diff import diff
from mbuild.git.trees import EmptyTree
from mbuild.tree import Entry, decode
from tests.git.repo import AUTHOR, Repo, git

NAMES = [
    b"a",
    b"b",
    b"d",
    b"d/x",
    b"d/y",
    b"d/e/z",
    b"-q",
    b"new\nline",
    b'"',
    b"\xff",
    b":(top)x",
    b"a.b",
    b"D",
    b"d/.gitattributes",
]
KINDS = [
    "write", "write", "append", "same-size", "delete", "rename", "chmod", "link", "folder-link",
    "add", "add-all", "commit", "unadd", "intent", "hide", "restore-time",
]  # fmt: skip

Step = tuple[str, int, int]
steps = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, len(NAMES) - 1), st.integers(0, 5)), max_size=14)


class Editor:
    """Applies steps; one that is impossible now does nothing."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo

    def apply(self, step: Step) -> None:
        kind, which, number = step
        getattr(self, kind.replace("-", "_"))(self._place(which), NAMES[which], number)

    def _place(self, which: int) -> Path:
        return self.repo.top / os.fsdecode(NAMES[which])

    def _clear(self, path: Path) -> None:
        """Make room for a file: parents are folders, nothing is at the path."""
        for parent in path.parents:
            if parent.is_relative_to(self.repo.top) and (parent.is_symlink() or parent.is_file()):
                parent.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def _plain(self, path: Path) -> bool:
        """Whether no link leads there."""
        return not any(each.is_symlink() for each in path.parents if each.is_relative_to(self.repo.top))

    def write(self, path: Path, name: bytes, number: int) -> None:
        self._clear(path)
        path.write_bytes(b"%d\n" % number)

    def _regular(self, path: Path) -> bool:
        return self._plain(path) and not path.is_symlink() and path.is_file()

    def append(self, path: Path, name: bytes, number: int) -> None:
        if self._regular(path):
            path.write_bytes(path.read_bytes() + b"more %d\r\n" % number)

    def same_size(self, path: Path, name: bytes, number: int) -> None:
        if self._regular(path) and path.stat().st_size:
            with path.open("r+b") as file:
                file.write(b"%d" % number)

    def restore_time(self, path: Path, name: bytes, number: int) -> None:
        if self._regular(path):
            found = path.stat()
            self.same_size(path, name, number)
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    def delete(self, path: Path, name: bytes, number: int) -> None:
        if self._plain(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.parent.is_dir():
                path.unlink(missing_ok=True)

    def rename(self, path: Path, name: bytes, number: int) -> None:
        target = self._place(number)
        if self._regular(path) and target != path and path not in target.parents:
            content, mode = path.read_bytes(), path.stat().st_mode
            path.unlink()
            self._clear(target)
            target.write_bytes(content)
            target.chmod(mode)

    def chmod(self, path: Path, name: bytes, number: int) -> None:
        if self._regular(path):
            path.chmod([0o644, 0o755, 0o600, 0o744, 0o654, 0o645][number])

    def link(self, path: Path, name: bytes, number: int) -> None:
        self._clear(path)
        path.symlink_to(f"target{number}")

    def folder_link(self, path: Path, name: bytes, number: int) -> None:
        self._clear(path)
        path.symlink_to("d")

    def _git(self, *args: str | bytes) -> None:
        """Run git; refusals are fine."""
        subprocess.run(["git", *args], cwd=self.repo.top, env=os.environ | AUTHOR, capture_output=True)

    def add(self, path: Path, name: bytes, number: int) -> None:
        self._git("--literal-pathspecs", "add", "--", name)

    def add_all(self, path: Path, name: bytes, number: int) -> None:
        self._git("add", "-A")

    def unadd(self, path: Path, name: bytes, number: int) -> None:
        self._git("--literal-pathspecs", "rm", "-q", "--cached", "--", name)

    def intent(self, path: Path, name: bytes, number: int) -> None:
        self._git("--literal-pathspecs", "add", "-N", "--", name)

    def commit(self, path: Path, name: bytes, number: int) -> None:
        self._git("commit", "-q", "--allow-empty", "-m", "x")

    def hide(self, path: Path, name: bytes, number: int) -> None:
        self._git("update-index", "--assume-unchanged", "-z", "--", name)


def _unhidden(repo: Repo) -> None:
    """Let the oracle see hidden files too."""
    records = git(repo.top, "ls-files", "-v", "-z").split(b"\0")
    hidden = b"".join(each[2:] + b"\0" for each in records if each[:1].islower())
    git(repo.top, "update-index", "--no-assume-unchanged", "-z", "--stdin", stdin=hidden)


def _raw(repo: Repo, old: str, new: str) -> list[tuple[str, Entry | None, Entry | None]]:
    fields = iter(git(repo.top, "diff-tree", "-r", "-z", "--no-renames", old, new).split(b"\0"))
    found = []
    for head in fields:
        if head:
            path = decode(next(fields))
            old_mode, new_mode, old_oid, new_oid, _ = head[1:].decode().split()
            ends = [
                Entry(path, int(m, 8), o) if int(m, 8) else None for m, o in ((old_mode, old_oid), (new_mode, new_oid))
            ]
            found.append((path, ends[0], ends[1]))
    return sorted(found, key=lambda each: each[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=steps, after=steps)
def test_the_work_tree_is_what_git_would_add(before: list[Step], after: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo")
        editor = Editor(repo)
        for step in [("write", 3, 0), ("write", 0, 0), *before, ("add-all", 0, 0)]:
            editor.apply(step)
        commit = repo.commit()
        for step in after:
            editor.apply(step)
        index = repo.top / ".git" / "index"
        state = (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino)

        opened = repo.open()
        tree = opened.work_tree()
        listing = list(tree.below(""))
        changes = diff(opened.commit_tree(commit), tree)
        assert (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino) == state

        head = repo.git("rev-parse", "HEAD")
        _unhidden(repo)
        oracle = repo.added()
        assert listing == repo.listed(oracle)
        assert [(each.path, each.old, each.new) for each in changes] == _raw(repo, commit, oracle)
        assert list(tree.dirty_paths) == [path for path, _, _ in _raw(repo, head, oracle)]
        for each in listing:
            assert tree.entry(each.path) == each
        for name in ("d", "d/e", "a", "D"):
            assert list(tree.below(name)) == [each for each in listing if each.path.startswith(name + "/")]
        assert {each.path for each in diff(EmptyTree(), tree)} == {each.path for each in listing}
        opened.close()
