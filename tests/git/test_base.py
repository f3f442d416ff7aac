"""Which base, how it was chosen, and what mends it when there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mbuild.errors import ExitCode, GitError
from mbuild.git.base import Base, resolve_base
from tests.git.repo import Repo, git


def _base(repo: Repo, base: str | None = None, env: Mapping[str, str] | None = None, head: str | None = None) -> Base:
    return resolve_base(repo.open(), base=base, env=env or {}, head=head)


def _refused(repo: Repo, base: str | None = None, env: Mapping[str, str] | None = None) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(GitError) as caught:
        _base(repo, base, env)
    assert caught.value.exit_code == ExitCode.GIT
    return str(caught.value), caught.value.problems[0].hints


def _mend(repo: Repo, hints: tuple[str, ...]) -> None:
    """Run the command of the first hint, as printed."""
    command = hints[0][hints[0].index("git ") :]
    repo.git(*command.split()[1:])


@pytest.fixture
def clone(repo: Repo, tmp_path: Path) -> Repo:
    """Return a clone of a repository whose main has two commits."""
    repo.commit(a="1")
    repo.commit(a="2")
    git(tmp_path, "clone", "-q", str(repo.top), "clone")
    return Repo.at(tmp_path / "clone")


def test_a_given_base_goes_through_its_merge_base(repo: Repo) -> None:
    root = repo.commit(a="1")
    repo.git("checkout", "-q", "-b", "feature")
    mine = repo.commit(b="1")
    repo.git("checkout", "-q", "main")
    moved_on = repo.commit(a="2")
    repo.git("checkout", "-q", "feature")
    found = _base(repo, "main")
    assert (found.ref, found.commits) == ("main", (root,))
    assert "--base" in found.how
    assert "merge base" in found.how
    assert _base(repo, root) == Base(root, (root,), "--base")
    assert _base(repo, "feature", head=moved_on).commits == (root,)
    assert _base(repo, mine).commits == (mine,)


def test_the_order_of_sources(repo: Repo) -> None:
    commits = [repo.commit(a=str(number)) for number in range(5)]
    env = {"MBUILD_BASE": commits[1], "CI_MERGE_REQUEST_DIFF_BASE_SHA": commits[2]}
    assert _base(repo, commits[0], env).commits == (commits[0],)
    assert _base(repo, None, env) == Base(commits[1], (commits[1],), "MBUILD_BASE")
    del env["MBUILD_BASE"]
    how = "GitLab CI, CI_MERGE_REQUEST_DIFF_BASE_SHA"
    assert _base(repo, None, env) == Base(commits[2], (commits[2],), how)
    assert _base(repo, None, {"MBUILD_BASE": ""}).commits == (commits[3],)
    assert "empty ref" in _refused(repo, "")[0]


def test_the_default_branch_of_the_remote(clone: Repo) -> None:
    first, tip = clone.git("rev-parse", "HEAD^"), clone.git("rev-parse", "HEAD")
    assert _base(clone).commits == (first,), "on the default branch: the commit before"
    assert _base(clone).unproven, "nobody says whether that was built"
    assert "default branch origin/main" in _base(clone).how
    clone.git("checkout", "-q", "-b", "feature")
    assert _base(clone).commits == (tip,), "a new branch: what is on disk"
    assert _base(clone, head=tip).commits == (first,), "but a commit is never compared with itself"
    mine = clone.commit(b="1")
    assert (_base(clone).ref, _base(clone).commits) == ("origin/main", (tip,))
    clone.git("checkout", "-q", "--detach", "origin/main")
    assert _base(clone).commits == (first,), "CI checks out a commit"
    assert _base(clone, head=mine).commits == (tip,)
    clone.git("checkout", "-q", "main")
    clone.commit(a="local")
    clone.commit(a="local too")
    assert _base(clone).commits == (tip,), "all that is not pushed"


@pytest.mark.parametrize("name", ["main", "master"])
def test_without_origin_head_the_usual_names(clone: Repo, name: str) -> None:
    clone.git("symbolic-ref", "-d", "refs/remotes/origin/HEAD")
    clone.git("update-ref", f"refs/remotes/origin/{name}", "HEAD")
    if name != "main":
        clone.git("update-ref", "-d", "refs/remotes/origin/main")
    clone.git("checkout", "-q", "-b", "feature")
    clone.commit(b="1")
    assert _base(clone).ref == f"origin/{name}"


def test_the_remote_of_the_branch_comes_first(clone: Repo) -> None:
    first = clone.git("rev-parse", "HEAD^")
    clone.git("remote", "add", "upstream", "https://example.com/x")
    clone.git("update-ref", "refs/remotes/upstream/main", first)
    clone.git("checkout", "-q", "-b", "feature")
    assert _base(clone).ref == "origin/main"
    clone.git("config", "branch.feature.remote", "upstream")
    assert (_base(clone).ref, _base(clone).commits) == ("upstream/main", (first,))


def test_a_local_branch_cannot_pose_as_the_remotes(clone: Repo) -> None:
    tip = clone.git("rev-parse", "HEAD")
    clone.git("branch", "origin/main", "HEAD^")
    clone.git("checkout", "-q", "-b", "feature")
    clone.commit(b="1")
    assert _base(clone).commits == (tip,)


def test_a_tag_called_like_the_branch(clone: Repo) -> None:
    first = clone.git("rev-parse", "HEAD^")
    clone.git("tag", "main", first)
    assert clone.git("symbolic-ref", "--short", "HEAD") == "heads/main"
    assert clone.open().describe().branch == "main"
    assert _base(clone).commits == (first,), "on the default branch: the commit before"
    assert _base(clone).unproven, "nobody says whether that was built"
    clone.git("remote", "add", "upstream", "https://example.com/x")
    clone.git("update-ref", "refs/remotes/upstream/main", clone.commit(a="3"))
    clone.git("config", "branch.main.remote", "upstream")
    assert _base(clone).ref == "HEAD^"
    assert "upstream/main" in _base(clone).how


def test_a_remote_without_a_known_default_branch(clone: Repo) -> None:
    clone.git("symbolic-ref", "-d", "refs/remotes/origin/HEAD")
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    message, hints = _refused(clone)
    assert "default branch of the remote origin is not known" in message
    assert hints[0] == "git fetch --no-tags origin +HEAD:refs/remotes/origin/HEAD"


def test_without_a_remote(repo: Repo) -> None:
    root = repo.commit(a="1")
    found = _base(repo)
    assert (found.ref, found.commits) == ("", ())
    assert "first commit" in found.how
    assert "empty tree" in found.how
    repo.commit(a="2")
    assert _base(repo).commits == (root,)
    repo.git("checkout", "-q", "-b", "feature", root)
    repo.commit(b="1")
    repo.commit(b="2")
    assert (_base(repo).ref, _base(repo).commits) == ("main", (root,))
    repo.git("branch", "-q", "-m", "main", "theirs")
    assert "--base REF" in _refused(repo)[1][0]


def test_an_unborn_branch_is_compared_with_the_empty_tree(repo: Repo) -> None:
    assert _base(repo).commits == ()
    assert "empty tree" in _base(repo).how
    first = repo.commit(a="1")
    repo.git("checkout", "-q", "--orphan", "fresh")
    assert _base(repo, first).commits == ()
    assert "empty tree" in _base(repo, first).how
    _refused(repo, "no-such-branch")


def test_two_merge_bases_are_both_returned(repo: Repo) -> None:
    root = repo.commit(a="1")
    repo.git("checkout", "-q", "-b", "left")
    left = repo.commit(b="1")
    repo.git("checkout", "-q", "-b", "right", root)
    right = repo.commit(c="1")
    repo.git("merge", "-q", "-m", "x", left)
    repo.git("checkout", "-q", "left")
    repo.git("merge", "-q", "-m", "y", right)
    found = _base(repo, "right")
    assert set(found.commits) == {left, right}
    assert "2 merge bases" in found.how


def test_all_zeros_and_unknown(repo: Repo) -> None:
    repo.commit(a="1")
    assert "all zeros" in _refused(repo, "0" * 40)[0]
    assert "no commit 'nope'" in _refused(repo, "nope")[0]
    assert "no commit" in _refused(repo, "--output=F")[0]
    assert not (repo.top / "F").exists()


def test_unrelated_histories(repo: Repo) -> None:
    repo.commit(a="1")
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit(b="1")
    message, hints = _refused(repo, "main")
    assert "unrelated" in message
    assert "--base" in hints[0]


def _shallow(repo: Repo, tmp_path: Path, *options: str) -> Repo:
    git(tmp_path, "clone", "-q", "--depth=1", *options, repo.top.as_uri(), "shallow")
    return Repo.at(tmp_path / "shallow")


def test_no_merge_base_in_a_shallow_clone_names_the_fetch(repo: Repo, tmp_path: Path) -> None:
    root = repo.commit(a="1")
    repo.git("checkout", "-q", "-b", "feature")
    repo.commit(b="1")
    repo.commit(b="2")
    repo.git("checkout", "-q", "main")
    repo.commit(a="2")
    clone = _shallow(repo, tmp_path, "--no-single-branch", "--branch=feature")
    message, hints = _refused(clone, "origin/main")
    assert "shallow" in message
    _mend(clone, hints)
    assert _base(clone, "origin/main").commits == (root,)


def test_a_pull_request_in_ci(repo: Repo, tmp_path: Path) -> None:
    root = repo.commit(a="1")
    repo.git("checkout", "-q", "-b", "feature")
    repo.commit(b="1")
    clone = _shallow(repo, tmp_path, "--branch=feature")
    env = {"GITHUB_BASE_REF": "main"}
    for lacks in ("there is no commit 'origin/main'", "no common ancestor"):
        message, hints = _refused(clone, None, env)
        assert lacks in message
        _mend(clone, hints)
    found = _base(clone, None, env)
    assert (found.ref, found.commits) == ("origin/main", (root,))
    assert "GITHUB_BASE_REF" in found.how


def test_the_commit_before_is_not_there_in_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit(a="1")
    repo.commit(a="2")
    clone = _shallow(repo, tmp_path)
    message, hints = _refused(clone)
    assert "shallow" in message, "a cut history must not be taken for a first commit"
    _mend(clone, hints)
    assert _base(clone).commits == (first,)
