"""What differs between two trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.changes import compare
from mbuild.git import trees
from mbuild.git.diff import diff
from mbuild.git.repository import Repository
from mbuild.git.trees import EmptyTree
from mbuild.tree import EXECUTABLE, FILE, SYMLINK, Entry, Tree
from tests.git.repo import AUTHOR, Repo


def _kinds(old: Tree, new: Tree) -> dict[str, str]:
    found = diff(old, new)
    assert [each.path for each in found] == sorted(each.path for each in found)
    for each in found:
        assert each.old == old.entry(each.path)
        assert each.new == new.entry(each.path)
    return {each.path: each.kind for each in found}


class _Plain:
    """A tree that diff knows nothing about: it must compare listings."""

    def __init__(self, tree: Tree) -> None:
        self.entry, self.below, self.folder, self.scattered = tree.entry, tree.below, tree.folder, tree.scattered
        self.read, self.open, self.sizes, self.expect = tree.read, tree.open, tree.sizes, tree.expect
        self.expect_below = tree.expect_below


def _history(repo: Repo) -> tuple[str, str]:
    for name in (b"same", b"edited", b"deleted", b"exec", b"moved", b"\xff", b"typed", b"both"):
        repo.write(name, name * 50)
    first = repo.commit()
    repo.write("edited", "2")
    (repo.top / "deleted").unlink()
    (repo.top / "exec").chmod(0o755)
    (repo.top / "moved").rename(repo.top / "elsewhere")
    repo.write(b"\xff", "2")
    (repo.top / "typed").unlink()
    (repo.top / "typed").symlink_to("same")
    repo.write("both", "2", 0o755)
    return first, repo.commit()


EXPECTED = {
    "edited": "modified", "deleted": "deleted", "exec": "mode", "moved": "deleted", "elsewhere": "added",
    "\udcff": "modified", "typed": "modified", "both": "modified",
}  # fmt: skip


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_commits(tmp_path: Path, object_format: str) -> None:
    repo = Repo(tmp_path / "repo", f"--object-format={object_format}")
    first, second = _history(repo)
    for key, value in {
        "diff.renames": "copies",
        "diff.noprefix": "true",
        "diff.relative": "true",
        "core.quotePath": "true",
    }.items():
        repo.git("config", key, value)
    opened = repo.open()
    old, new = opened.commit_tree(first), opened.commit_tree(second)
    assert _kinds(old, new) == EXPECTED
    assert _kinds(_Plain(old), new) == EXPECTED
    assert _kinds(old, old) == {}
    everything = {each.path: "added" for each in new.below("")}
    assert _kinds(EmptyTree(), new) == everything
    assert _kinds(new, EmptyTree()) == dict.fromkeys(everything, "deleted")
    assert diff(EmptyTree(), EmptyTree()) == ()


def test_a_submodule_that_git_is_told_to_ignore_is_another_commit_all_the_same(repo: Repo) -> None:
    lines = '[submodule "lib"]\n\tpath = lib\n\turl = ./lib\n\tignore = all\n'
    repo.write(".gitmodules", lines)
    commits = []
    for number in "12":
        repo.git("add", ".gitmodules")
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{number * 40},lib")
        repo.git("commit", "-q", "-m", number)
        commits.append(repo.git("rev-parse", "HEAD").strip())
    repo.git("config", "diff.ignoreSubmodules", "all")
    repo.git("config", "submodule.lib.ignore", "all")
    opened = repo.open()
    assert _kinds(*(opened.commit_tree(each) for each in commits)) == {"lib": "modified"}


def test_commits_are_not_listed_to_be_compared(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _history(repo)
    monkeypatch.setattr(trees.CommitTree, "below", lambda *_: pytest.fail("listed"))
    opened = repo.open()
    assert len(diff(opened.commit_tree(first), opened.commit_tree(second))) == len(EXPECTED)
    repo.write("new")
    assert len(diff(opened.commit_tree(first), opened.work_tree())) == len(EXPECTED) + 1


def test_a_commit_and_the_work_tree(repo: Repo) -> None:
    first, second = _history(repo)
    repo.write("edited", b"edited" * 50)  # back to what it was in the first commit
    repo.write("deleted", "new content")
    repo.write("new")
    (repo.top / "elsewhere").unlink()
    (repo.top / "same").unlink()
    opened = repo.open()
    work, base = opened.work_tree(), opened.commit_tree(first)
    expected = EXPECTED | {"deleted": "modified", "new": "added", "same": "deleted"}
    del expected["edited"], expected["elsewhere"]
    assert _kinds(base, work) == expected
    assert _kinds(_Plain(base), work) == expected
    assert _kinds(work, base) == {
        path: {"added": "deleted", "deleted": "added"}.get(kind, kind) for path, kind in expected.items()
    }
    assert _kinds(opened.commit_tree(second), work) == {path: each.kind for path, each in work.edits.items()}
    assert set(_kinds(EmptyTree(), work)) == {each.path for each in work.below("")}
    assert _kinds(work, opened.work_tree()) == {}


def test_the_work_tree_of_an_unborn_branch(repo: Repo) -> None:
    first = repo.commit(a="1")
    repo.git("checkout", "-q", "--orphan", "fresh")
    repo.write("b")
    opened: Repository = repo.open()
    assert _kinds(EmptyTree(), opened.work_tree()) == {"a": "added", "b": "added"}
    assert _kinds(opened.commit_tree(first), opened.work_tree()) == {"b": "added"}


def test_commits_of_two_repositories(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    one = repo.open().commit_tree(repo.commit(a="1", b="1"))
    two = other.open().commit_tree(other.commit(a="2", b="1"))
    assert _kinds(one, two) == {"a": "modified"}
    assert _kinds(one, other.open().work_tree()) == {"a": "modified"}


def test_files_that_their_group_may_write_to_are_files(repo: Repo) -> None:
    """Old versions of git have written such trees."""
    repo.write("f", "1")
    first, blob = repo.commit(), repo.git("rev-parse", "HEAD:f")
    made = repo.git(
        "hash-object", "-t", "tree", "--literally", "-w", "--stdin", stdin=b"100664 f\0" + bytes.fromhex(blob)
    )
    second = repo.git("commit-tree", made, "-m", "x", env=AUTHOR)
    opened = repo.open()
    old, new = (opened.commit_tree(each) for each in (first, second))
    assert _kinds(old, new) == _kinds(_Plain(old), new) == {}


def test_compare() -> None:
    file, executable = Entry("p", FILE, "1" * 40), Entry("p", EXECUTABLE, "1" * 40)
    assert compare("p", None, None) is None
    assert compare("p", file, Entry("p", FILE, "1" * 40, 7)) is None, "size is no difference"
    kinds = [compare("p", file, executable), compare("p", file, Entry("p", SYMLINK, "1" * 40))]
    assert [each and each.kind for each in kinds] == ["mode", "modified"]
