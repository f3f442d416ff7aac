"""The Action for GitHub and the template for GitLab: their steps, run as shell in a real repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shop import FILES
from tests.support import Repo

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / ".ci" / "github" / "action.yml").read_text())
TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / ".ci" / "gitlab" / "mbuild.yml").read_text())


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES)
    repo.commit({"libs/money/money.py": "VAT = 25\n"})
    return repo


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a runner's temporary folder in which mbuild is installed."""
    command = tmp_path / "mbuild" / "bin" / "mbuild"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mbuild "$@"\n')
    command.chmod(0o755)
    return tmp_path


def step(identity: str, shop: Repo, place: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run a step as the runner does; returns how it ended and what it wrote to GITHUB_OUTPUT."""
    (found,) = [each for each in ACTION["runs"]["steps"] if each.get("id", each["name"]) == identity]
    given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
    variables = {
        name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")] for name, value in found["env"].items()
    }
    outputs = place / f"outputs-{identity}"
    outputs.write_text("")
    own = {
        "RUNNER_TEMP": str(place),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_PATH": str(place / "path"),
        "GITHUB_ACTIONS": "true",
    }
    own |= {"GITHUB_EVENT_NAME": "workflow_dispatch", "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]],
        cwd=shop.folder,
        env=os.environ | own | variables,
        capture_output=True,
        text=True,
    )
    return done, outputs.read_text()


def test_the_action_says_what_is_affected(shop: Repo, place: Path) -> None:
    done, outputs = step("list", shop, place, base="HEAD~1")
    assert done.returncode == 0, done.stderr
    assert outputs.splitlines()[1] == "true"
    assert '"images": "api"' in outputs
    done, outputs = step("list", shop, place, base="HEAD", fetch="false")
    assert done.returncode == 0, done.stderr
    assert outputs.splitlines()[1] == "false"


def test_the_action_builds(shop: Repo, place: Path) -> None:
    done, outputs = step("build", shop, place, base="HEAD~1", tags="v1 v1.2")
    assert done.returncode == 0, done.stderr
    assert '"api": "sha256:' in outputs
    assert "shop/api:v1, v1.2" in done.stdout


def test_what_is_put_in_is_never_shell(shop: Repo, place: Path) -> None:
    wrong = '"; touch hacked; echo "$(touch hacked)'
    for inputs in ({"base": wrong}, {"directory": wrong}, {"tags": wrong}):
        done, _ = step("build", shop, place, **{"base": "HEAD~1", "fetch": "false"} | inputs)
        assert done.returncode != 0
    assert not (shop.folder / "hacked").exists()
    for each in ACTION["runs"]["steps"]:
        assert "${{" not in each["run"]


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("", "mbuild-cli"),
        ("==1.2.3", "mbuild-cli==1.2.3"),
        ("~=1.0", "mbuild-cli~=1.0"),
        (".", "."),
        ("--index-url=x", "--index-url=x"),
    ],
)
def test_the_action_installs_a_version(
    version: str, wanted: str, shop: Repo, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bin/python3", "mbuild/bin/pip"):
        stub = tmp_path / name
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{tmp_path}/{stub.name}.args"\n')
        stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    done, _ = step("install mbuild", shop, place, version=version)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "pip.args").read_text().splitlines()[-2:] == ["--", wanted]
    assert (place / "path").read_text() == f"{place}/mbuild/bin\n"


def test_the_template_writes_a_child_pipeline(shop: Repo, tmp_path: Path) -> None:
    listing = TEMPLATE["mbuild affected"]["script"][-1].replace(
        ".mbuild-venv/bin/mbuild", f'"{sys.executable}" -m mbuild'
    )
    own = {"GITLAB_CI": "true", "CI_COMMIT_BEFORE_SHA": shop.git("rev-parse", "HEAD~1"), "CI_COMMIT_BRANCH": "main"}
    own |= {
        "MBUILD_DIRECTORY": TEMPLATE["variables"]["MBUILD_DIRECTORY"],
        "CI_DEFAULT_BRANCH": "main",
        "CI_PIPELINE_SOURCE": "push",
    }
    own |= {"CI_COMMIT_SHA": shop.git("rev-parse", "HEAD")}
    done = subprocess.run(["sh", "-ec", listing], cwd=shop.folder, env=os.environ | own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    artifact = TEMPLATE["mbuild images"]["trigger"]["include"][0]["artifact"]
    jobs = yaml.safe_load((shop.folder / artifact).read_text())
    assert [name for name in jobs if name.startswith("build ")] == ["build api"]
