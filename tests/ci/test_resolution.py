"""From what a provider says to a base, where the fixtures do not reach."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mbuild.ci.model import PULL_REQUEST, TAG, Against, Run
from mbuild.errors import GitError
from mbuild.git.base import Base, resolve_base
from mbuild.git.bring import Fetcher
from mbuild.git.provided import provided_base
from mbuild.git.repository import Repository, open_repository
from mbuild.values import replace
from tests.ci.world import World, full, git
from tests.support import Repo


def _open(folder: Path, said: list[str] | None = None) -> Repository:
    opened = open_repository(folder)
    opened.fetcher = None if said is None else Fetcher(said.append)
    return opened


def _provided(repository: Repository, run: Run) -> Base:
    head = repository.head()
    assert head is not None
    found = provided_base(repository, run, head)
    assert found is not None
    return found


def _request(*, source: str = "", start: str = "") -> Run:
    return Run("Some CI", PULL_REQUEST, against=Against("TARGET", "main", start), source=source)


@pytest.fixture
def merged(world: World, tmp_path: Path) -> Path:
    """Return a clone at the pull request, which was merged into the remote's main meanwhile."""
    git(tmp_path, "clone", "-q", world.url, "clone")
    clone = tmp_path / "clone"
    git(clone, "checkout", "-q", "--detach", world.ids["f2"])
    git(clone, "fetch", "-q", "origin", "+refs/pull/7/merge:refs/remotes/origin/main")
    return clone


def test_a_run_repeated_after_the_merge(world: World, merged: Path) -> None:
    """The branch holds head by now; what it was when the run was started tells what the pull request changes."""
    found = _provided(_open(merged), _request(start=world.ids["m2"]))
    assert found.commits == (world.ids["m1"],)
    with pytest.raises(GitError, match="head is part of origin/main already"):
        _provided(_open(merged), _request())
    with pytest.raises(GitError, match="head is part of origin/main already"):
        _provided(_open(merged), _request(start=world.ids["merge"]))


def test_only_a_merge_of_the_pull_request_has_its_other_parent_as_base(world: World, tmp_path: Path) -> None:
    full(world, tmp_path / "clone", world.ids["merge"])
    opened = _open(tmp_path / "clone")
    assert _provided(opened, _request(source=world.ids["f2"])).commits == (world.ids["m2"],)
    assert "merged into" in _provided(opened, _request(source=world.ids["f2"])).how
    # m2 is its first parent: so looks a merge of something else into the branch of the pull request.
    for source in (world.ids["f1"], world.ids["merge"], world.ids["m2"], ""):
        assert "TARGET" in _provided(opened, _request(source=source)).how
    for commit in (world.ids["merge"], world.ids["f2"]):
        assert "merged into" in _provided(opened, replace(_request(source=world.ids["f2"]), commit=commit)).how
    other = replace(_request(source=world.ids["f2"]), commit=world.ids["m3"])
    assert "TARGET" in _provided(opened, other).how, "the provider's own merge is another commit"
    pushed = Run("Some CI", "push", against=Against("BEFORE", commit=world.ids["f1"]), source=world.ids["f2"])
    assert _provided(opened, pushed).commits == (world.ids["f1"],), "a merge that people pushed is a merge of theirs"


@pytest.fixture
def tagged(repo: Repo) -> Repo:
    """Return a repository with two series of tags, the last commit tagged twice."""
    for tags in (["api-v1.0"], ["web-v1.0"], [], ["api-v1.1", "latest"], ["web-v1.1", "api-v1.2"]):
        repo.commit({"README": str(tags)})
        for tag in tags:
            repo.git("tag", tag)
    return repo


@pytest.mark.parametrize(
    ("tag", "before"), [("api-v1.2", "api-v1.1"), ("web-v1.1", "web-v1.0"), ("latest", ""), ("new-1", ""), ("7", "")]
)
def test_a_tag_is_compared_with_the_one_before_it_that_is_called_alike(tagged: Repo, tag: str, before: str) -> None:
    found = _provided(_open(tagged.folder), Run("Some CI", TAG, tag=tag))
    if before:
        assert (found.ref, found.commits) == (before, (tagged.git("rev-parse", before),))
    elif tag == "latest":
        assert found.commits == (tagged.git("rev-parse", "latest"),), "it was moved"
    else:
        assert (found.ref, found.commits) == ("", ())
        assert "compared with the empty tree" in found.how


_ANNOTATED = ("-c", "advice.nestedTag=false", "tag", "-m", "x", "-a")


@pytest.mark.parametrize(
    ("before", "here", "found"),
    [
        ([("tag", "v1.1")], [("tag", "v1.2"), ("tag", "v1.3")], "v1.1"),
        ([(*_ANNOTATED, "v1.1")], [(*_ANNOTATED, "v1.2"), (*_ANNOTATED, "v1.2.0", "v1.2")], "v1.1"),
        ([(*_ANNOTATED, "rc"), (*_ANNOTATED, "v1.1", "rc")], [("tag", "v1.2")], "v1.1"),
        ([(*_ANNOTATED, "v1.1-rc"), ("tag", "v1.1", "v1.1-rc"), ("tag", "-d", "v1.1-rc")], [("tag", "v1.2")], "v1.1"),
        ([(*_ANNOTATED, "v1.1-rc"), ("tag", "v1.1", "v1.1-rc")], [("tag", "v1.2")], "v1.1"),
        ([("tag", "v0/9"), ("tag", "v1/1")], [("tag", "v1.2")], "v0/9"),
        ([("tag", "v1.1"), ("tag", "v1.0"), (*_ANNOTATED, "v0.9")], [("tag", "v1.2")], "v0.9"),
        ([("tag", "v1.1", "HEAD^{tree}")], [("tag", "v1.2")], ""),
    ],
    ids=["two here", "tag of a tag here", "tag of a tag", "renamed", "two names", "slash", "several", "of a tree"],
)
@pytest.mark.parametrize("columns", ["never", "always"])
def test_the_tag_before_is_never_at_head(
    repo: Repo, columns: str, before: list[tuple[str, ...]], here: list[tuple[str, ...]], found: str
) -> None:
    repo.git("config", "column.ui", columns)
    first = repo.commit({"README": "1"})
    for each in before:
        repo.git(*each)
    repo.commit({"README": "2"})
    for each in here:
        repo.git(*each)
    base = _provided(_open(repo.folder), Run("Some CI", TAG, tag="v1.2"))
    assert (base.ref, base.commits) == (found, (first,) if found else ())


def test_the_tag_before_is_the_one_with_the_fewest_commits_since(repo: Repo) -> None:
    root = repo.commit({"README": "1"})
    repo.git("tag", "v1.1")
    for number in range(3):
        repo.commit({"long": str(number)})
        repo.git("tag", f"v1.1.{number}") if number == 0 else None
    repo.git("checkout", "-q", "-b", "short", root)
    repo.commit({"short": "1"})
    repo.git("tag", "v1.0.9")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "-m", "merge", "short")
    repo.git("tag", "v1.2")
    base = _provided(_open(repo.folder), Run("Some CI", TAG, tag="v1.2"))
    assert base.ref == repo.git("describe", "--tags", "--abbrev=0", "--exclude=v1.2")


def test_the_tags_of_a_shallow_clone_prove_nothing(tagged: Repo, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", tagged.folder.as_uri(), "clone")
    run = Run("Some CI", TAG, tag="api-v1.2")
    with pytest.raises(GitError, match=r"the tag before api-v1\.2 is not in this shallow clone"):
        _provided(_open(tmp_path / "clone"), run)
    said: list[str] = []
    assert _provided(_open(tmp_path / "clone", said), run).ref == "api-v1.1"
    assert said == ["git fetch --tags --unshallow origin"]


def test_history_is_fetched_in_steps(repo: Repo, tmp_path: Path) -> None:
    root = repo.commit({"a": "1"})
    for branch, count in (("feature", 300), ("main", 3)):
        repo.git("checkout", "-q", "-B", branch, root)
        for number in range(count):
            repo.git("commit", "-q", "--allow-empty", "-m", str(number))
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", "-b", "feature", repo.folder.as_uri(), "clone")
    said: list[str] = []
    found = resolve_base(_open(tmp_path / "clone", said), base="origin/main", env={}, head=None)
    assert found.commits == (root,)
    assert [each.split()[3] for each in said] == ["--deepen=50", "--deepen=200", "--deepen=1000"]
    assert said[0].split()[5:] == [repo.git("rev-parse", each) for each in ("main", "feature")] or len(said[0]) > 100


def _environment(world: World, **more: str) -> Mapping[str, str]:
    return {"BUILDKITE": "true", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main", "BUILDKITE_SOURCE": "webhook"} | more


def test_what_is_given_comes_before_what_the_provider_says(world: World, tmp_path: Path) -> None:
    full(world, tmp_path / "clone", world.ids["m3"])
    opened = _open(tmp_path / "clone")
    env = _environment(world, BUILDKITE_MERGE_QUEUE_BASE_COMMIT=world.ids["m2"])
    assert resolve_base(opened, base=None, env=env, head=None).commits == (world.ids["m2"],)
    assert resolve_base(opened, base=None, env={**env, "MBUILD_BASE": "v1"}, head=None).commits == (world.ids["m1"],)
    assert resolve_base(opened, base="v1", env=env, head=None).how == "--base"
    # Not even read: a broken environment does not matter then.
    assert resolve_base(opened, base="v1", env={"GITLAB_CI": "1", "CI_COMMIT_SHA": "--x"}, head=None).ref == "v1"
    with pytest.raises(GitError):
        resolve_base(opened, base=None, env={"GITLAB_CI": "1", "CI_COMMIT_SHA": "--x"}, head=None)


def test_a_default_branch_of_another_name(world: World, tmp_path: Path) -> None:
    """What the provider calls the default branch is it, whatever the clone thinks."""
    full(world, tmp_path / "clone", world.ids["m3"])
    env = _environment(world, BUILDKITE_PIPELINE_DEFAULT_BRANCH="feature", BUILDKITE_BRANCH="main")
    found = resolve_base(_open(tmp_path / "clone"), base=None, env=env, head=None)
    assert (found.ref, found.commits) == ("origin/feature", (world.ids["m1"],))


def test_a_base_by_name_is_fetched_into_a_clone_of_one_branch(world: World, tmp_path: Path) -> None:
    for number, ref in enumerate(("v1", "main", world.ids["m2"], "origin/main")):
        git(tmp_path, "clone", "-q", "--depth=1", "-b", "feature", world.url, str(number))
        said: list[str] = []
        found = resolve_base(_open(tmp_path / str(number), said), base=ref, env={}, head=None)
        assert found.commits == (world.ids["m1"],)
        assert said[0].startswith("git fetch --no-tags --depth=1 origin ")
        assert said[0].endswith(f" {ref}") or "refs/remotes/origin/main" in said[0]


def test_full_clones_stay_full(world: World, tmp_path: Path) -> None:
    full(world, tmp_path / "clone", world.ids["m3"])
    git(tmp_path / "clone", "update-ref", "-d", "refs/remotes/origin/main")
    run = Run("Some CI", "push", against=Against("BEFORE", commit=world.ids["gone"]))
    said: list[str] = []
    opened = _open(tmp_path / "clone", said)
    assert _provided(opened, run).commits == (world.ids["gone"],)
    assert said == [f"git fetch --no-tags origin {world.ids['gone']}"]
    assert not opened.is_shallow()


def test_a_push_of_which_the_provider_does_not_say_what_it_brought(world: World, tmp_path: Path) -> None:
    """On the default branch that leaves the last commit, which may be too little: the answer says so."""
    full(world, tmp_path / "clone", world.ids["m3"])
    opened = _open(tmp_path / "clone")
    env = {"CIRCLECI": "true", "CIRCLE_BRANCH": "main", "CIRCLE_SHA1": world.ids["m3"]}
    found = resolve_base(opened, base=None, env=env, head=None)
    assert found.commits == (world.ids["m2"],)
    assert "CircleCI does not say what else was pushed, --base last-success knows" in found.how
    assert "pushed" not in resolve_base(opened, base=None, env={}, head=world.ids["m3"]).how


NEW = {"CIRCLECI": "true", "CIRCLE_BRANCH": "feature"}
BY_HAND = {
    "outside of CI": ({}, "gone", "m3", ["gone"]),
    "forced back": ({"CIRCLECI": "true", "CIRCLE_BRANCH": "main"}, "gone", "m2", ["gone"]),
    "better known than by the provider": (
        {"JENKINS_URL": "x", "BRANCH_NAME": "main", "LAST": "m2"},
        "m1",
        "m3",
        ["m1"],
    ),
    "no target is known": (NEW | {"CIRCLE_PULL_REQUEST": "x"}, "f2", "f1", ["f2"]),
    "a pull request": ({"JENKINS_URL": "x", "CHANGE_TARGET": "main"}, "f1", "f2", ["m1"]),
    "a pull request, nothing before": ({"JENKINS_URL": "x", "CHANGE_TARGET": "main"}, "zero", "f2", ["m1"]),
    "a tag": ({"CIRCLECI": "true", "CIRCLE_TAG": "v2"}, "m3", "m3", ["m1"]),
    "nothing before a branch": (NEW, "zero", "f2", ["m1"]),
    "empty before a branch": (NEW, "", "f2", ["m1"]),
    "nothing before the default branch": ({"CIRCLECI": "true", "CIRCLE_BRANCH": "main"}, "zero", "m3", []),
    "empty before the default branch": ({"CIRCLECI": "true", "CIRCLE_BRANCH": "main"}, "", "m3", []),
    "nothing before, outside of CI": ({}, "zero", "m3", []),
    "nothing, and a last success": ({"JENKINS_URL": "x", "BRANCH_NAME": "main", "LAST": "m3"}, "zero", "m3", []),
}


@pytest.mark.parametrize(("env", "before", "head", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_what_was_built_before_by_hand(
    world: World, tmp_path: Path, env: dict[str, str], before: str, head: str, expected: list[str]
) -> None:
    full(world, tmp_path / "clone", world.ids[head])
    given = {"GIT_PREVIOUS_SUCCESSFUL_COMMIT" if key == "LAST" else key: value for key, value in env.items()}
    given |= {"GIT_PREVIOUS_SUCCESSFUL_COMMIT": world.ids[env["LAST"]]} if "LAST" in env else {}
    given["MBUILD_BEFORE"] = world.ids[before] if before else ""
    found = resolve_base(_open(tmp_path / "clone", []), base=None, env=given, head=None)
    assert found.commits == tuple(world.ids[each] for each in expected)
    assert expected or "nothing was built before on origin/main" in found.how
    assert found.unproven == (expected == [before]), "what was there before may never have been built"
    assert ("MBUILD_BEFORE" in found.how) == (expected == [before])


@pytest.mark.parametrize("text", ["<nil>", "main", "HEAD", "--all", " ", "f" * 40])
def test_what_was_built_before_is_never_guessed(world: World, tmp_path: Path, text: str) -> None:
    full(world, tmp_path / "clone", world.ids["m3"])
    for env in ({}, {"CIRCLECI": "true", "CIRCLE_BRANCH": "main"}):
        with pytest.raises(GitError, match="MBUILD_BEFORE: "):
            resolve_base(_open(tmp_path / "clone"), base=None, env={**env, "MBUILD_BEFORE": text}, head=None)
    found = resolve_base(_open(tmp_path / "clone"), base="v1", env={"MBUILD_BEFORE": text}, head=None)
    assert found.how == "--base", "it is not even read then"
