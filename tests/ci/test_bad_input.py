"""Environments and event files that nobody should send, and that somebody will."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mbuild.ci import files
from mbuild.ci.byhand import told
from mbuild.ci.files import Read
from mbuild.ci.registry import current
from mbuild.ci.values import is_name
from mbuild.errors import ExitCode, GitError
from tests.ci.fixtures import PROVIDERS, Case, cases, load
from tests.ci.test_providers import IDS
from tests.ci.world import World, full, git
from tests.support import Repo, mbuild

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


HOSTILE = {
    "command": "$(touch hacked)",
    "quotes": "\"; touch hacked; echo '`touch hacked`",
    "option": "--upload-pack=touch hacked",
    "option as a branch": "refs/heads/--upload-pack=touch",
    "option of a remote": "origin/--upload-pack=touch",
    "option as a tag": "refs/tags/-n",
    "dash": "-",
    "refspec": "+main:refs/heads/evil",
    "lines": "main\n::error::hacked\n",
    "zeros and a line": "0" * 40 + "\n",
    "terminal": "\x1b]0;hacked\x07",
    "long": "a" * 10_000_000,
    "long id": "f" * 10_000_000,
    "not UTF-8": "\udcff\udcfe",
    "half a character": "\ud83d",
    "NUL": "main\0",
}
ENDURED = ("command", "quotes", "option", "lines", "not UTF-8")
"""Those that are played to the end."""


class _Watched(dict[str, str]):
    """An environment that knows what was asked of it."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(texts)
        self.asked = set(texts)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def _cases(provider: str, folder: Path) -> Iterator[Case]:
    """Yield each case of a provider; its files are in the folder, until the next one."""
    for each, name in cases():
        if each == provider:
            yield load(provider, name, IDS, folder)


def _variables(provider: str) -> list[str]:
    found = {"MBUILD_BEFORE"}
    with tempfile.TemporaryDirectory() as folder:
        for case in _cases(provider, Path(folder)):
            watched = _Watched(case.env)
            current(watched)
            found |= watched.asked
    return sorted(found)


def _bear(env: Mapping[str, str], read: Read | None = None) -> None:
    """Nothing but names and ids comes of an environment, or one clear line."""
    try:
        run = told(env, current(env, read))
    except GitError as error:
        for each in error.problems:
            assert str(each).isprintable()
            assert len(str(each)) < 20_000
        return
    if run is None:
        return
    against = [each for each in (run.against, run.last_success) if each is not None]
    for name in (run.branch, run.tag, run.default_branch, *(each.branch for each in against)):
        assert not name or is_name(name)
        assert not name.startswith("-")
        assert b"\0" not in os.fsencode(name), "it can be handed to a program"
    for commit in (run.commit, run.source, *(each.commit for each in against)):
        assert re.fullmatch("(?:[0-9a-f]{7,64})?", commit)


@pytest.mark.parametrize(
    ("provider", "variable"), [(each, variable) for each in PROVIDERS for variable in _variables(each)]
)
def test_any_value_of_any_variable(provider: str, variable: str, tmp_path: Path) -> None:
    for case in _cases(provider, tmp_path):
        for value in HOSTILE.values():
            _bear({**case.env, variable: value})


def _changed(value: Any, new: str) -> Iterator[Any]:
    """Yield JSON once for each text in it, with another text in its place."""
    if isinstance(value, str):
        yield new
    elif isinstance(value, dict):
        yield from ({**value, key: each} for key in value for each in _changed(value[key], new))


def _property(value: str) -> str:
    """Return a text as Java writes it in a file of properties, each unit escaped."""
    units = value.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[each : each + 4]}" for each in range(0, len(units), 4))


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_any_value_in_any_file(value: str, tmp_path: Path) -> None:
    value = value[:5_000]
    for case in _cases("github", tmp_path):
        for event in _changed(json.loads(case.files["event.json"]), value):
            Path(case.env["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
            _bear(case.env)
    for case in _cases("teamcity", tmp_path):
        for name, text in case.files.items():
            file = Path(case.env["TEAMCITY_BUILD_PROPERTIES_FILE"]).with_name(name)
            for line in text.splitlines():
                file.write_text(text.replace(line, f"{line.partition('=')[0]}={_property(value)}"))
                _bear(case.env)
            file.write_text(text)


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    for path in ("a\0b", "\ud83d"):
        with pytest.raises(GitError, match="is no path"):
            files.read_file(path)
    (tmp_path / "build").write_text("vcsroot.branch=refs/heads/\\ud83d\\ude00\n")
    run = current({"TEAMCITY_VERSION": "1", "TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "build")})
    assert run is not None
    assert run.branch == "\N{GRINNING FACE}"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_value_becomes_a_command_or_an_option(
    provider: str, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"build.yaml": "version: 1\nproject: p\nimages: {}\n"})
    repo.git("remote", "add", "origin", repo.folder.as_uri())
    monkeypatch.chdir(repo.folder)
    (tmp_path / "files").mkdir()
    case = next(_cases(provider, tmp_path / "files"))
    for variable in case.env:
        for value in map(HOSTILE.__getitem__, ENDURED):
            with monkeypatch.context() as patch:
                for name, text in {**case.env, variable: value}.items():
                    patch.setenv(name, text)
                answer = mbuild("affected", "--list", "--fetch")
            assert answer.code in (0, 3), answer.err
            for line in answer.err.splitlines():
                assert line.startswith(("error: ", "warning: ", "hint: ", "note: ", "::error title=mbuild error::")), (
                    line
                )
    assert not (repo.folder / "hacked").exists()
