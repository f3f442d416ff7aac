"""Pushes of a branch that is deployed from, played as docs/ci.md has them: nothing unbuilt is left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.ci.world import World, full, git, make
from tests.support import Answer, mbuild

Env = Mapping[str, str]
Push = Callable[[str, str, Path], Env]
"""Commit, the one before on this branch ("": none) and a folder for files → what the provider sets."""

ZERO = "0" * 40


def _github(commit: str, before: str, folder: Path) -> Env:
    event = {"before": before or ZERO, "repository": {"default_branch": "main"}}
    (folder / "event.json").write_text(json.dumps(event))
    path = str(folder / "event.json")
    said = {"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": path, "GITHUB_REF": "refs/heads/main"}
    return said | {"GITHUB_ACTIONS": "true", "GITHUB_SHA": commit}


def _gitlab(commit: str, before: str, _: Path) -> Env:
    said = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_PIPELINE_SOURCE": "push"}
    return said | {"GITLAB_CI": "true", "CI_COMMIT_SHA": commit, "CI_COMMIT_BEFORE_SHA": before or ZERO}


def _drone(commit: str, before: str, _: Path) -> Env:
    said = {"DRONE_BUILD_EVENT": "push", "DRONE_REPO_BRANCH": "main", "DRONE_COMMIT_BRANCH": "main"}
    return said | {"DRONE": "true", "DRONE_COMMIT_SHA": commit, "DRONE_COMMIT_BEFORE": before or ZERO}


def _jenkins(commit: str, before: str, _: Path) -> Env:
    said = {"JENKINS_URL": "https://ci.example.com/", "BRANCH_NAME": "main", "GIT_COMMIT": commit}
    return said | ({"GIT_PREVIOUS_COMMIT": before, "GIT_PREVIOUS_SUCCESSFUL_COMMIT": before} if before else {})


def _circleci(commit: str, before: str, _: Path) -> Env:
    return {"CIRCLECI": "true", "CIRCLE_BRANCH": "main", "CIRCLE_SHA1": commit, "MBUILD_BEFORE": before}


def _buildkite(commit: str, _: str, __: Path) -> Env:
    said = {"BUILDKITE_BRANCH": "main", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main", "BUILDKITE_SOURCE": "webhook"}
    return said | {"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_COMMIT": commit}


def _azure(commit: str, _: str, __: Path) -> Env:
    said = {"BUILD_REASON": "IndividualCI", "BUILD_SOURCEBRANCH": "refs/heads/main"}
    return said | {"TF_BUILD": "True", "BUILD_SOURCEVERSION": commit}


def _bitbucket(commit: str, _: str, __: Path) -> Env:
    return {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_BRANCH": "main", "BITBUCKET_COMMIT": commit}


def _woodpecker(commit: str, _: str, __: Path) -> Env:
    """After pipelines of pull requests, of which the provider tells instead."""
    said = {"CI_PIPELINE_EVENT": "push", "CI_COMMIT_BRANCH": "main", "CI_REPO_DEFAULT_BRANCH": "main"}
    said |= {"CI_PREV_PIPELINE_EVENT": "pull_request", "CI_PREV_PIPELINE_STATUS": "success"}
    return said | {"CI": "woodpecker", "CI_COMMIT_SHA": commit, "CI_PREV_COMMIT_BRANCH": "main"}


def _teamcity(commit: str, _: str, folder: Path) -> Env:
    (folder / "build.properties").write_text("teamcity.build.branch=<default>\nvcsroot.branch=refs/heads/main\n")
    path = str(folder / "build.properties")
    return {"TEAMCITY_VERSION": "1", "TEAMCITY_BUILD_PROPERTIES_FILE": path, "BUILD_VCS_NUMBER": commit}


SAYING = (_github, _gitlab, _drone, _jenkins, _circleci)
"""Those whose recipes compare with what the provider, or MBUILD_BEFORE, says."""
MARKING = (_buildkite, _azure, _bitbucket, _woodpecker, _teamcity)
"""Those whose recipes compare with mbuild's own mark."""

PUSHES = {
    "m1": {"a", "b", "c", "d"},  # the first one
    "m3": {"b", "d"},  # two commits
    "m2": {"d"},  # forced back
    "gone": {"c"},
    "merge": {"a", "c"},  # forced to another history
    "m1 ": {"a", "b", "c"},  # forced back to where it all began
}


def _pushed(world: World, clone: Path, env: Env, commit: str, *options: str) -> Answer:
    git(world.folder, "checkout", "-q", "-B", "main", commit)
    full(world, clone, commit)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        answer = mbuild("-C", str(clone), "affected", "--list", "--format", "json", "--fetch", *options)
        if options:
            assert mbuild("-C", str(clone), "mark-success", "--push").code == 0
    return answer


@pytest.mark.parametrize("push", [*SAYING, *MARKING], ids=lambda each: each.__name__[1:])
def test_pushes_and_forced_pushes(push: Push, tmp_path: Path) -> None:
    world, before = make(tmp_path / "remote"), ""
    options = ("--base", "last-success", "--missing-base", "all") if push in MARKING else ()
    for number, (name, expected) in enumerate(PUSHES.items()):
        commit = world.ids[name.strip()]
        answer = _pushed(world, tmp_path / str(number), push(commit, before, tmp_path), commit, *options)
        assert answer.code == 0, answer.err
        assert answer.affected() == expected, (name, answer.json["base"])
        before = commit
