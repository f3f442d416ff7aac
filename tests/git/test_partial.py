"""Clones without blobs or trees: what is needed is named in one command, and fetched together where that is allowed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from mbuild.errors import GitError
from mbuild.git.bring import MOST_NAMED, Fetcher
from mbuild.git.repository import Repository
from tests.git.repo import Repo, git

COUNT = MOST_NAMED + 20


@pytest.fixture
def upstream(repo: Repo) -> Repo:
    """Return a repository with more files than a command names, all of them changed in the second commit."""
    repo.git("config", "uploadpack.allowFilter", "true")
    for version in ("1", "2"):
        for number in range(COUNT):
            repo.write(f"d{number % 7}/f{number}", f"{version} {number}")
        repo.commit()
    return repo


def _clone(upstream: Repo, tmp_path: Path, *options: str) -> Repo:
    git(tmp_path, "clone", "-q", *options, upstream.top.as_uri(), "partial")
    return Repo.at(tmp_path / "partial")


def _allowed(clone: Repo) -> tuple[Repository, list[str]]:
    said: list[str] = []
    opened = clone.open()
    opened.fetcher = Fetcher(said.append)
    return opened, said


def test_full_clones_are_not_partial(upstream: Repo, tmp_path: Path) -> None:
    assert not upstream.open().is_partial
    clone = _clone(upstream, tmp_path, "--filter=blob:none")
    assert clone.open().is_partial
    git(clone.top, "worktree", "add", "-q", "../linked")
    assert Repo.at(tmp_path / "linked").open().is_partial


@pytest.mark.parametrize("way", ["read", "sizes", "expect"])
@pytest.mark.parametrize("count", [1, 30, COUNT])
def test_blobs_come_in_one_fetch(upstream: Repo, tmp_path: Path, way: str, count: int) -> None:
    clone = _clone(upstream, tmp_path, "--filter=blob:none")
    opened, said = _allowed(clone)
    tree = opened.commit_tree(opened.resolve_commit("HEAD^"))
    entries = tree.below("")[:count]
    if way == "read":
        found = dict(
            zip([each.path for each in entries], opened.objects.read_many([e.oid for e in entries]), strict=True)
        )
        assert found == {each.path: upstream.git("show", f"HEAD^:{each.path}").encode() for each in entries}
    elif way == "sizes":
        assert all(size > 0 for size in tree.sizes(entries))
    else:
        tree.expect([each.path for each in entries])
        assert tree.read(entries[-1]).startswith(b"1 ")
    assert len(said) == 1, "one fetch, however many"
    many = count > MOST_NAMED
    assert ("--stdin" in said[0]) is many
    assert said[0].endswith(f"(of {count} objects)") is many
    assert [each.oid in said[0] for each in entries] == [not many] * count


def test_only_what_is_missing_is_fetched(upstream: Repo, tmp_path: Path) -> None:
    opened, said = _allowed(_clone(upstream, tmp_path, "--filter=blob:none"))
    trees = [opened.commit_tree(opened.resolve_commit(ref)) for ref in ("HEAD", "HEAD^")]
    there, lost = (each.below("")[0] for each in trees)
    assert opened.objects.read_many([there.oid, lost.oid, there.oid]) == [b"2 0", b"1 0", b"2 0"]
    assert lost.oid in said[0]
    assert there.oid not in said[0]


def test_what_is_named_mends_it(upstream: Repo, tmp_path: Path) -> None:
    clone = _clone(upstream, tmp_path, "--filter=blob:none")
    for count in (3, COUNT):
        tree = clone.open().commit_tree(clone.git("rev-parse", "HEAD^"))
        paths = [each.path for each in tree.below("")[:count]]
        with pytest.raises(GitError, match=r"is not in this clone, which leaves objects out, and .* more") as caught:
            tree.expect(paths)
        command = caught.value.problems[0].hints[0]
        clone.git(*shlex.split(command)[1:])
        clone.open().commit_tree(tree.commit).expect(paths)


def test_all_folders_come_in_one_fetch(upstream: Repo, tmp_path: Path) -> None:
    opened, said = _allowed(_clone(upstream, tmp_path, "--filter=tree:0"))
    tree = opened.commit_tree(opened.resolve_commit("HEAD^"))
    assert len(tree.below("")) == COUNT
    assert len(said) == 1
    opened.commit_tree(tree.commit)
    assert len(said) == 1


def test_a_damaged_full_clone_is_not_fetched_into(upstream: Repo) -> None:
    opened, said = _allowed(upstream)
    with pytest.raises(GitError, match="is not in this clone"):
        opened.objects.read("1" * 40)
    assert said == []


def test_what_the_remote_lacks_is_an_error(upstream: Repo, tmp_path: Path) -> None:
    opened, said = _allowed(_clone(upstream, tmp_path, "--filter=blob:none"))
    with pytest.raises(GitError, match="1111 is not in this clone") as caught:
        opened.objects.read("1" * 40)
    assert len(said) == 1
    assert caught.value.problems[0].hints[0].startswith("this failed: git fetch ")
