"""What is remembered of the index is what the index says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.git.index import oddities
from mbuild.git.repository import open_repository
from mbuild.store.cache import Cache
from tests.git.repo import Repo


class Counting(Cache):
    """A cache that knows what it was asked."""

    found: list[bool]

    def get(self, bucket: str, key: str) -> bytes | None:
        known = super().get(bucket, key)
        self.found.append(known is not None)
        return known


def test_hidden_files_are_remembered_until_the_index_changes(repo: Repo, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        repo.write(name, name)
    repo.commit()
    git = open_repository(repo.top).git
    memory = Counting(tmp_path / "cache")
    object.__setattr__(memory, "found", [])
    assert oddities(git, 20, memory) == oddities(git, 20) == []
    repo.git("update-index", "--assume-unchanged", "b")
    assert [each.path for each in oddities(git, 20, memory)] == ["b"]
    assert [each.path for each in oddities(git, 20, memory)] == ["b"]
    repo.git("update-index", "--no-assume-unchanged", "b")
    repo.git("update-index", "--skip-worktree", "c")
    assert [(each.path, each.sparse) for each in oddities(git, 20, memory)] == [("c", True)]
    repo.git("update-index", "--assume-unchanged", "c")
    assert [(each.path, each.sparse) for each in oddities(git, 20, memory)] == [("c", True)], "both at once"
    repo.git("update-index", "--no-assume-unchanged", "c")
    repo.git("update-index", "--no-skip-worktree", "c")
    assert oddities(git, 20, memory) == []
    assert memory.found.count(True) >= 1


class Meanwhile(Cache):
    """A cache that is asked, and then something else happens before the index is read."""

    repo: Repo

    def get(self, bucket: str, key: str) -> bytes | None:
        found = super().get(bucket, key)
        self.repo.git("update-index", "--assume-unchanged", "a")
        return found


def test_of_an_index_that_changes_while_it_is_read_nothing_is_remembered(repo: Repo, tmp_path: Path) -> None:
    repo.write("a", "a")
    repo.commit()
    git, before = open_repository(repo.top).git, (repo.top / ".git/index").read_bytes()
    memory = Meanwhile(tmp_path / "cache")
    object.__setattr__(memory, "repo", repo)
    assert [each.path for each in oddities(git, 20, memory)] == ["a"]
    (repo.top / ".git/index").write_bytes(before)
    assert oddities(git, 20, Cache(tmp_path / "cache")) == []


@pytest.mark.parametrize("index", ["--no-sparse-index", "--sparse-index"])
def test_what_is_remembered_of_a_sparse_checkout_does_not_depend_on_the_disk(
    index: str, repo: Repo, tmp_path: Path
) -> None:
    """Git says that a file is not left out while it is there and checkouts are sparse; the index is the same."""
    for name in ("in/a", "out/b", "top"):
        repo.write(name, "1")
    repo.commit()
    repo.git("sparse-checkout", "set", "--cone", index, "in")
    git, memory = open_repository(repo.top).git, Cache(tmp_path / "cache")
    left_out = ["out/b"]
    assert [each.path for each in oddities(git, 20, memory)] == left_out
    repo.write("out/b", "1")
    assert [each.path for each in oddities(git, 20)] == left_out
    repo.git("config", "--worktree", "core.sparseCheckout", "false")
    assert [each.path for each in oddities(git, 20)] == left_out
    repo.write("out/b", "2")
    assert [(each.path, each.kind) for each in repo.work_tree().edits.values()] == [("out/b", "modified")]


def test_an_index_without_a_checksum_is_read(repo: Repo, tmp_path: Path) -> None:
    repo.write("a", "a")
    repo.commit()
    git = open_repository(repo.top).git
    index = git.git_dir / "index"
    index.write_bytes(index.read_bytes()[:-20] + b"\0" * 20)
    memory = Cache(tmp_path / "cache")
    oddities(git, 20, memory)
    assert not list((tmp_path / "cache").rglob("index/*"))


@pytest.mark.parametrize("chunk", [1, 7, 50, 64, 1000])
def test_hidden_files_are_found_wherever_what_git_prints_is_cut(
    chunk: int, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbuild.git.scan._CHUNK", chunk)
    names = ["a", "b\nH 100", "c", "d", "e", "f"]
    for name in names:
        repo.write(name, "")
    repo.commit()
    hidden = ["a", "b\nH 100", "d", "e", "f"]
    repo.git("update-index", "--assume-unchanged", *hidden[:3])
    repo.git("update-index", "--skip-worktree", *hidden[3:])
    assert [each.path for each in oddities(repo.open().git, 20)] == hidden
