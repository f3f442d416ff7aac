"""Environments and event files that nobody should send, and that somebody will."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from mbuild.ci import files
from mbuild.ci.registry import current
from mbuild.errors import ExitCode, GitError
from tests.ci.world import World, full, git
from tests.support import mbuild

BAD_NAMES = [
    "--upload-pack=touch x",
    "-x",
    "a..b",
    "a b",
    "a\nb",
    "a:b",
    "a^",
    "a~1",
    "*",
    "x.lock",
    "/a",
    "a/",
    "@{-1}",
    "\x1b[2J",
]
PLACES = [
    {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "@"},
    {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "schedule", "GITHUB_REF": "refs/heads/@"},
    {"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "@"},
    {"GITLAB_CI": "true", "CI_COMMIT_TAG": "@"},
    {"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "@"},
    {"CIRCLECI": "true", "CIRCLE_BRANCH": "@"},
    {"TF_BUILD": "True", "SYSTEM_PULLREQUEST_TARGETBRANCH": "@"},
    {"JENKINS_URL": "x", "CHANGE_TARGET": "@"},
    {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_PR_DESTINATION_BRANCH": "@"},
    {"DRONE": "true", "DRONE_BUILD_EVENT": "pull_request", "DRONE_TARGET_BRANCH": "@"},
    {"CI": "woodpecker", "CI_PIPELINE_EVENT": "pull_request", "CI_COMMIT_TARGET_BRANCH": "@"},
]


def _refused(env: Mapping[str, str]) -> str:
    with pytest.raises(GitError) as caught:
        current(env)
    assert caught.value.exit_code == ExitCode.GIT
    (problem,) = caught.value.problems
    assert str(problem).isprintable(), "one line, and nothing that a terminal would obey"
    return str(problem)


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("place", PLACES, ids=lambda each: next(reversed(each)))
def test_no_branch_is_called_like_that(place: dict[str, str], name: str) -> None:
    variable = next(reversed(place))
    said = _refused({key: value.replace("@", name) for key, value in place.items()})
    assert said.startswith(f"{variable}: ")
    assert "is no name of a branch or tag" in said


@pytest.mark.parametrize("text", ["HEAD", "main", "--all", "abc", "A" * 40, "g" * 40, "1" * 65, "1 2345678"])
def test_no_commit_is_called_like_that(text: str) -> None:
    assert "is no commit id" in _refused({"GITLAB_CI": "true", "CI_MERGE_REQUEST_DIFF_BASE_SHA": text})


def _event(content: bytes, path: Path) -> dict[str, str]:
    path.write_bytes(content)
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(path)}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"a": ' * 100_000, b"nul"])
def test_bad_json_is_one_clear_line(content: bytes, tmp_path: Path) -> None:
    said = _refused(_event(content, tmp_path / "event\n.json"))
    assert "the event file is not JSON" in said


def test_json_that_is_no_event(tmp_path: Path) -> None:
    assert "holds no JSON object" in _refused(_event(b"[]", tmp_path / "event.json"))
    odd = {"before": {"x": 1}, "repository": "text", "pull_request": [1]}
    run = current(_event(json.dumps(odd).encode(), tmp_path / "event.json"))
    assert run is not None
    assert (run.against, run.default_branch) == (None, "")


def test_values_in_the_event_are_checked(tmp_path: Path) -> None:
    assert "before: '--all' is no commit id" in _refused(_event(b'{"before": "--all"}', tmp_path / "event.json"))
    odd = b'{"repository": {"default_branch": "--exec=x"}}'
    assert "repository.default_branch: '--exec=x'" in _refused(_event(odd, tmp_path / "event.json"))


def test_files_that_are_not_there_or_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = _event(b"{}", tmp_path / "event.json")
    assert "No such file" in _refused(env | {"GITHUB_EVENT_PATH": str(tmp_path / "gone")})
    assert "directory" in _refused(env | {"GITHUB_EVENT_PATH": str(tmp_path)})
    assert "GITHUB_EVENT_PATH is not set" in _refused(env | {"GITHUB_EVENT_PATH": ""})
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in _refused(env | {"GITHUB_EVENT_PATH": str(tmp_path / "pipe")})
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    assert "is bigger than" in _refused(_event(b'{"a": "bcdefghi"}', tmp_path / "event.json"))
    assert "No such file" in _refused({"TEAMCITY_VERSION": "1", "TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "x")})


def test_a_branch_that_the_remote_lacks(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetch fails: git's own words, exit 3, and no guess."""
    full(world, tmp_path / "clone", world.ids["f2"])
    monkeypatch.setenv("GITHUB_BASE_REF", "deleted")
    answer = mbuild("-C", str(tmp_path / "clone"), "affected", "--list", "--fetch")
    assert (answer.code, answer.out) == (3, "")
    assert "error: GITHUB_BASE_REF: there is no commit 'origin/deleted' in this clone\n" in answer.err
    assert "hint: git said: couldn't find remote ref refs/heads/deleted\n" in answer.err
    everything = mbuild("-C", str(tmp_path / "clone"), "affected", "--list", "--fetch", "--missing-base", "all")
    assert "4 of 4 images affected" in everything.out


@pytest.mark.parametrize("ref", ["--upload-pack=touch x", "-n", "+main", "main:refs/heads/evil", "a b"])
def test_a_base_that_is_an_option_is_never_fetched(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str
) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", world.url, "clone")
    before = git(tmp_path / "clone", "for-each-ref")
    answer = mbuild("-C", str(tmp_path / "clone"), "affected", "--list", "--fetch", f"--base={ref}")
    assert (answer.code, answer.out) == (3, "")
    assert "note:" not in answer.err
    assert git(tmp_path / "clone", "for-each-ref") == before
