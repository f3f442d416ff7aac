"""Commands as CI systems run them: what they print, and what they leave in the files that are named for that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.shop import FILES
from tests.cli.test_formats import outputs
from tests.conftest import EngineUnderTest
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
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    shop.write({"web/index.html": "new"})
    assert shop.mbuild("affected", "--base", "HEAD", "--list").code == 0
    assert [row[0] for row in cells(place.read_text())] == ["<b>web</b>"]
    place.unlink()
    assert shop.mbuild("affected", "--base", "HEAD").code == 0
    assert [row[:2] for row in cells(place.read_text())] == [["<b>web</b>", "built"]]
    said = outputs(tmp_path / "outputs")
    assert (said["has_images"], said["images"], said["failed"]) == ("true", '["web"]', "[]")
    assert json.loads(said["digests"])["web"].startswith("sha256:")


def test_a_failing_build_is_shown_at_its_line(shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shop.commit({"web/Dockerfile": "FROM scratch\nCOPY nothing /\n"})
    answer = shop.mbuild("build", "web", "--junit", str(tmp_path / "junit.xml"))
    assert answer.code == 2
    commands = [line for line in answer.err.splitlines() if acts_on(line)]
    assert len(commands) == 1
    assert commands[0].startswith("::error file=web/Dockerfile,line=2,col=1,title=mbuild error::")


@pytest.mark.engine
def test_a_step_that_fails_is_shown_at_its_line_with_its_log(
    shop: Repo, engine: EngineUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busybox = Path("/bin/busybox")
    if not busybox.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    run = "RUN echo '::error::not mine' && echo '##[error]nor this' && exit 3\n"
    shop.write({"web/Dockerfile": f"FROM scratch\n\nCOPY sh /bin/sh\n{run}"})
    shutil.copy(busybox, shop.folder / "web/sh")
    answer = shop.mbuild("build", "web", "--builder", "buildx", "--junit", str(tmp_path / "junit.xml"))
    assert answer.code == 1
    commands = [line for line in answer.err.splitlines() if acts_on(line)]
    names = [line.split(":")[2].split(" ")[0] for line in commands]
    assert names == ["group", "stop-commands", commands[2].strip(":"), "endgroup", "error"]
    assert commands[-1].startswith("::error file=web/Dockerfile,line=4,title=mbuild error::image 'web': ")
    (failure,) = ElementTree.parse(tmp_path / "junit.xml").iter("failure")
    assert "::error::not mine" in (failure.text or "")
    assert cells((tmp_path / "summary.md").read_text())[0][1] == "failed"


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
