"""Commands as CI systems run them: what they print, and what they leave in the files that are named for that."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.shop import FILES
from tests.output.test_ci_places import acts_on, cells
from tests.support import Repo

NASTY = "libs/money/::error::x ##vso[task.setvariable variable=PATH]y"


@pytest.fixture
def shop(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    repo.commit(FILES, "first")
    return repo


def test_a_step_of_github_actions(shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    shop.write({"web/index.html": "new"})
    assert shop.mbuild("affected", "--base", "HEAD", "--list").code == 0
    assert [row[0] for row in cells(place.read_text())] == ["<b>web</b>"]
    place.unlink()
    assert shop.mbuild("affected", "--base", "HEAD").code == 0
    assert [row[:2] for row in cells(place.read_text())] == [["<b>web</b>", "built"]]


def test_a_failing_build_is_shown_at_its_line(shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shop.commit({"web/Dockerfile": "FROM scratch\nCOPY nothing /\n"})
    answer = shop.mbuild("build", "web", "--junit", str(tmp_path / "junit.xml"))
    assert answer.code == 2
    commands = [line for line in answer.err.splitlines() if acts_on(line)]
    assert len(commands) == 1
    assert commands[0].startswith("::error file=web/Dockerfile,line=2,col=1,title=mbuild error::")


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "TF_BUILD"])
@pytest.mark.parametrize(
    "question",
    [
        ("affected", "--base", "HEAD", "--list"),
        ("affected", "--base", "HEAD", "--list", "--format", "json"),
        ("affected", "--base", "HEAD", "--dry-run"),
        ("explain", "api", "--image", "--base", "HEAD"),
        ("explain", NASTY),
        ("context", "api", "--list"),
        ("context", "api", "--format", "json"),
    ],
)
def test_names_of_files_are_no_commands(
    shop: Repo, variable: str, question: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write({NASTY: "", "::warning::y": ""})
    plain = shop.mbuild(*question)
    assert any(acts_on(line) for line in plain.out.splitlines()) or "json" in question
    monkeypatch.setenv(variable, "true")
    answer = shop.mbuild(*question)
    assert answer.code == 0
    assert [line for line in answer.out.splitlines() if acts_on(line)] == []
    if "json" in question:
        assert json.loads(answer.out) == json.loads(plain.out)


def test_a_junit_report_of_a_run(shop: Repo, tmp_path: Path) -> None:
    place = tmp_path / "junit.xml"
    assert shop.mbuild("all", "--junit", str(place)).code == 0
    names = [case.attrib["name"] for case in ElementTree.parse(place).iter("testcase")]
    assert names == ["api", "base", "web"]
    assert list(tmp_path.glob(".junit*")) == []
    answer = shop.mbuild("all", "--junit", str(tmp_path / "nowhere" / "x.xml"))
    assert answer.code == 2
    assert "--junit" in answer.err
