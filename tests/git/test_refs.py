"""Refs become object ids, or a clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbuild.errors import ExitCode, GitError
from tests.git.repo import Repo, git


def _refused(repo: Repo, ref: str) -> tuple[str, str]:
    with pytest.raises(GitError) as caught:
        repo.open().resolve_commit(ref)
    assert caught.value.exit_code == ExitCode.GIT
    return str(caught.value), "\n".join(caught.value.problems[0].hints)


def test_every_way_to_name_a_commit(repo: Repo) -> None:
    first, second = repo.commit(a="1"), repo.commit(a="2")
    repo.git("tag", "-a", "v1", "-m", "x", first)
    opened = repo.open()
    for ref, commit in {"HEAD": second, "main": second, "v1": first, "HEAD~1": first, first[:10]: first}.items():
        assert opened.resolve_commit(ref) == commit
    repo.git("checkout", "-q", "--detach", first)
    assert opened.resolve_commit("HEAD") == first


def test_the_branch_that_a_ref_names(repo: Repo) -> None:
    first, second = repo.commit(a="1"), repo.commit(a="2")
    for remote in ("origin", "my", "my/fork"):
        repo.git("remote", "add", remote, "nowhere")
    for name in ("heads/team/x", "heads/both", "tags/both", "tags/v1", "remotes/origin/rel", "remotes/my/fork/rel"):
        repo.git("update-ref", f"refs/{name}", first)
    repo.git("update-ref", "refs/remotes/gone/rel", first)
    opened = repo.open()
    for ref in ("main", "HEAD", "@", "heads/main", "refs/heads/main"):
        assert opened.branch_named(ref) == "main"
    for ref, branch in {"team/x": "team/x", "heads/both": "both", "origin/rel": "rel", "my/fork/rel": "rel"}.items():
        assert opened.branch_named(ref) == branch
    for ref in ("both", "v1", first, second[:12], "HEAD~1", "nowhere", "-n", "gone/rel"):
        assert opened.branch_named(ref) is None
    repo.git("checkout", "-q", "--detach", first)
    assert opened.branch_named("HEAD") is None


@pytest.mark.parametrize("ref", ["", "  ", "a\0b", "a\nb", "0" * 40, "0" * 64])
def test_what_can_be_no_ref_is_refused(repo: Repo, ref: str) -> None:
    repo.commit(a="1")
    _refused(repo, ref)


@pytest.mark.parametrize(
    "ref", ["--output=F", "-h", "--all", "--git-dir", "HEAD..main", "^HEAD", "HEAD:a", "HEAD^{tree}"]
)
def test_options_ranges_and_other_objects_are_no_refs(repo: Repo, ref: str) -> None:
    repo.commit(a="1")
    before = sorted(repo.top.iterdir())
    _refused(repo, ref)
    assert sorted(repo.top.iterdir()) == before


def test_a_branch_that_looks_like_an_option_is_a_ref_all_the_same(repo: Repo) -> None:
    commit = repo.commit(a="1")
    for name in ("--all", "-n", "--output=F"):
        repo.git("update-ref", f"refs/heads/{name}", commit)
        assert repo.open().resolve_commit(name) == commit


def test_a_blob_id_is_no_commit(repo: Repo) -> None:
    repo.commit(a="1")
    assert "not a commit" in _refused(repo, repo.git("rev-parse", "HEAD:a"))[0]


def test_nearest_names(repo: Repo) -> None:
    repo.commit(a="1")
    repo.git("branch", "release-2024")
    repo.git("update-ref", "refs/remotes/origin/develop", "HEAD")
    assert "release-2024" in _refused(repo, "relase-2024")[1]
    assert "origin/develop" in _refused(repo, "develop")[1]


def test_an_unborn_head_is_said(repo: Repo) -> None:
    assert "no commit yet" in _refused(repo, "HEAD")[0]


def test_merge_bases(repo: Repo) -> None:
    root = repo.commit(a="1")
    repo.git("checkout", "-q", "-b", "left")
    left = repo.commit(b="1")
    repo.git("checkout", "-q", "-b", "right", root)
    right = repo.commit(c="1")
    opened = repo.open()
    assert opened.merge_bases(left, right) == (root,)
    repo.git("checkout", "-q", "left")
    repo.git("merge", "-q", "-m", "x", right)
    repo.git("checkout", "-q", "right")
    repo.git("merge", "-q", "-m", "y", left)
    assert opened.merge_bases(repo.git("rev-parse", "left"), repo.git("rev-parse", "right")) == tuple(
        sorted((left, right))
    )
    repo.git("checkout", "-q", "--orphan", "alone")
    alone = repo.commit(z="1")
    assert opened.merge_bases(alone, left) == ()


def test_commit_time_and_parents(repo: Repo) -> None:
    first = repo.commit(a="1")
    repo.git(
        "commit", "-q", "--allow-empty", "-m", "committer x 1 +0000", env={"GIT_COMMITTER_DATE": "1700000000 +0200"}
    )
    opened = repo.open()
    assert opened.commit_time(opened.resolve_commit("HEAD")) == 1700000000
    assert opened.parents(opened.resolve_commit("HEAD")) == (first,)
    assert opened.parents(first) == ()


def test_unknown_refs_in_a_shallow_clone_name_the_fetch_that_works(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit(a="1")
    repo.git("branch", "dev")
    repo.commit(a="2")
    git(tmp_path, "clone", "-q", "--depth=1", repo.top.as_uri(), "shallow")
    clone = Repo.at(tmp_path / "shallow")
    assert clone.open().is_shallow()
    assert not repo.open().is_shallow()
    for ref in ("origin/dev", "dev", first):
        again = Repo.at(tmp_path / f"again-{ref.replace('/', '-')}")
        git(tmp_path, "clone", "-q", "--depth=1", repo.top.as_uri(), again.top.name)
        command = next(line for line in _refused(again, ref)[1].split("\n") if "git fetch" in line)
        again.git(*command.partition(", then")[0].split()[1:])
        assert again.open().resolve_commit("FETCH_HEAD" if ref == "dev" else ref) == first
