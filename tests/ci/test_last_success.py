"""``--base last-success`` and ``mbuild mark-success``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ci.world import World, full, git, github, make
from tests.support import Answer, Repo, mbuild

REF = "refs/mbuild/success/main"


@pytest.fixture
def own(tmp_path: Path) -> World:
    """Return a remote that this test may push to."""
    return make(tmp_path / "own")


def _ask(clone: Path, *options: str) -> Answer:
    return mbuild("-C", str(clone), "affected", "--list", "--format", "json", "--base", "last-success", *options)


def _push_of_main(folder: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Make the environment that of a push to main on GitHub."""
    event = {"before": world.ids["m2"], "repository": {"default_branch": "main"}}
    (folder / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(folder / "event.json"))


def test_a_mark_is_a_ref_of_its_own(own: World, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", own.url, "clone")
    before = git(clone, "for-each-ref")
    git(clone, "reset", "-q", "--hard", own.ids["m1"])
    answer = mbuild("-C", str(clone), "mark-success")
    assert (answer.code, answer.out) == (0, f"{REF}: {own.ids['m1']}\n")
    git(clone, "reset", "-q", "--hard", own.ids["m3"])
    added = set(git(clone, "for-each-ref").split("\n")) ^ set(before.split("\n"))
    assert added == {f"{own.ids['m1']} commit\t{REF}"}, "nobody's branches and tags"
    assert _ask(clone).affected() == {"b", "d"}
    assert _ask(clone).json["base"]["ref"] == REF


def test_a_mark_is_compared_with_as_it_is(own: World, tmp_path: Path) -> None:
    """What was built last is what counts, also when the branch was forced back since."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", own.url, "clone")
    git(clone, "fetch", "-q", "origin", own.ids["gone"])
    assert mbuild("-C", str(clone), "mark-success", "--head", own.ids["gone"]).code == 0
    assert _ask(clone).affected() == {"c", "d"}


def test_the_mark_goes_from_run_to_run(own: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _push_of_main(tmp_path, monkeypatch, own)
    github(own, tmp_path / "first", own.ids["m1"])
    refused = _ask(tmp_path / "first", "--fetch")
    assert (refused.code, refused.out) == (3, "")
    assert f"no success of this branch is noted here ({REF})" in refused.err
    assert "mbuild mark-success --push" in refused.err
    branches = git(own.folder, "for-each-ref", "refs/heads", "refs/tags", "refs/pull")
    assert mbuild("-C", str(tmp_path / "first"), "mark-success", "--push").out.endswith(", pushed to origin\n")
    assert git(own.folder, "rev-parse", REF) == own.ids["m1"]
    github(own, tmp_path / "second", own.ids["m3"])
    named = _ask(tmp_path / "second")
    assert named.code == 3
    assert f"hint: git fetch --no-tags --depth=1 origin +{REF}:{REF}\n" in named.err
    assert _ask(tmp_path / "second", "--fetch").affected() == {"b", "d"}
    assert git(own.folder, "for-each-ref", "refs/heads", "refs/tags", "refs/pull") == branches


def test_a_mark_kept_in_the_workspace_is_refreshed(own: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise what changed and was taken back since the old one would be overlooked."""
    _push_of_main(tmp_path, monkeypatch, own)
    full(own, tmp_path / "kept", own.ids["m3"])
    mbuild("-C", str(tmp_path / "kept"), "mark-success", "--head", own.ids["m2"])
    git(own.folder, "update-ref", REF, own.ids["gone"])
    assert _ask(tmp_path / "kept").affected() == {"d"}
    assert _ask(tmp_path / "kept", "--fetch").affected() == {"c", "d"}
    git(own.folder, "update-ref", "-d", REF)
    assert _ask(tmp_path / "kept", "--fetch").affected() == {"c", "d"}, "what is here is what there is"


def test_an_old_mark_is_not_believed_where_the_remote_cannot_be_asked(
    own: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run may have built something else meanwhile: what was taken back since would be overlooked."""
    _push_of_main(tmp_path, monkeypatch, own)
    full(own, tmp_path / "kept", own.ids["m3"])
    mbuild("-C", str(tmp_path / "kept"), "mark-success", "--head", own.ids["m3"])
    git(own.folder, "update-ref", REF, own.ids["gone"])
    own.folder.rename(own.folder.with_name("away"))
    refused = _ask(tmp_path / "kept", "--fetch")
    assert (refused.code, refused.out) == (3, "")
    assert "hint: git said: " in refused.err
    assert _ask(tmp_path / "kept").affected() == set(), "without --fetch nothing is asked"


def test_what_the_provider_recorded_comes_first(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(world, tmp_path / "clone", world.ids["m3"])
    monkeypatch.setenv("JENKINS_URL", "https://ci.example.com/")
    monkeypatch.setenv("BRANCH_NAME", "main")
    mbuild("-C", str(tmp_path / "clone"), "mark-success", "--head", world.ids["m2"])
    assert _ask(tmp_path / "clone").affected() == {"d"}
    monkeypatch.setenv("GIT_PREVIOUS_SUCCESSFUL_COMMIT", world.ids["m1"])
    answer = _ask(tmp_path / "clone")
    assert answer.affected() == {"b", "d"}
    assert answer.json["base"]["how"] == "Jenkins, GIT_PREVIOUS_SUCCESSFUL_COMMIT"


def test_a_pull_request_is_no_success_of_a_branch(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(world, tmp_path / "clone", world.ids["f2"])
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    monkeypatch.setenv("GITHUB_HEAD_REF", "main")
    refused = mbuild("-C", str(tmp_path / "clone"), "mark-success")
    assert refused.code == 2
    assert "--branch NAME" in refused.err
    assert git(tmp_path / "clone", "for-each-ref", "refs/mbuild") == ""


@pytest.mark.parametrize("name", ["a..b", "--delete", "x y", "a:b", ""])
def test_a_branch_that_cannot_be(world: World, tmp_path: Path, name: str) -> None:
    full(world, tmp_path / "clone", world.ids["m3"])
    answer = mbuild("-C", str(tmp_path / "clone"), "mark-success", f"--branch={name}", "--push")
    assert (answer.code, answer.out) == (2 if name else 3, "")
    assert git(tmp_path / "clone", "for-each-ref", "refs/mbuild") == ""


def test_without_a_remote_or_a_branch(repo_without_remote: Path) -> None:
    answer = mbuild("-C", str(repo_without_remote), "mark-success", "--push")
    assert answer.code == 3
    assert "there is no remote to push to" in answer.err
    git(repo_without_remote, "checkout", "-q", "--detach")
    assert "not known which branch" in mbuild("-C", str(repo_without_remote), "mark-success").err


@pytest.fixture
def repo_without_remote(tmp_path: Path) -> Path:
    return make(tmp_path / "alone").folder


@pytest.mark.parametrize(("old", "new"), [("rel", "rel/1"), ("rel/1", "rel")])
def test_a_mark_that_git_cannot_have_beside_another_names_that_one(repo: Repo, old: str, new: str) -> None:
    repo.commit({"build.yaml": "images: {}\n"})
    assert repo.mbuild("mark-success", "--branch", old).code == 0
    assert repo.mbuild("mark-success", "--branch", "release").code == 0
    answer = repo.mbuild("mark-success", "--branch", new)
    ref = "refs/mbuild/success"
    assert answer.code != 0
    assert f"git cannot have {ref}/{new} beside {ref}/{old}, an older mark" in answer.err
    assert f"hint: if that branch is gone: git update-ref -d {ref}/{old}\n" in answer.err
    repo.git("update-ref", "-d", f"{ref}/{old}")
    assert repo.mbuild("mark-success", "--branch", new).code == 0


def test_what_else_git_says_of_a_mark_is_said(repo: Repo) -> None:
    repo.commit({"build.yaml": "images: {}\n"})
    lock = repo.folder / ".git/refs/mbuild/success/main.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    answer = repo.mbuild("mark-success", "--branch", "main")
    assert answer.code != 0
    assert "main.lock" in answer.err


def test_each_build_yaml_has_marks_of_its_own(repo: Repo, tmp_path: Path) -> None:
    """Teams have one each, with a step for it: what one has built, the other has not."""
    names = ("build.yaml", "a/build.yaml", "b-c/build.yaml", "b/c/build.yaml")
    repo.commit(dict.fromkeys(names, "version: 1\ndiscover: ['*/Dockerfile']\n"))
    outside = tmp_path / "build.yaml"
    outside.write_text("version: 1\n")
    ways: list[tuple[str, ...]] = [("-C", str(repo.folder / Path(name).parent)) for name in names]
    ways.append(("-C", str(repo.folder), "--config", str(outside)))
    said = [mbuild(*way, "mark-success", "--branch", "x/y") for way in ways]
    assert [each.code for each in said] == [0] * len(ways)
    marks = [each.out.split(":")[0] for each in said]
    assert len(set(marks)) == len(ways)
    assert marks[0] == "refs/mbuild/success/x/y"
    assert marks[1].startswith("refs/mbuild/success-of/a-build-yaml-")
    assert mbuild(*ways[0], "mark-success").code == 0
    answer = mbuild(*ways[2], "affected", "--list", "--base", "last-success")
    assert answer.code == 3
    assert "no success of this branch is noted here (refs/mbuild/success-of/b-c-build-yaml-" in answer.err
    assert mbuild(*ways[2], "mark-success").code == 0
    assert "for main and b-c/build.yaml" in mbuild(*ways[2], "affected", "--list", "--base", "last-success").out
