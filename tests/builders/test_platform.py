"""The platform that is part of a fingerprint is the one that is built for, whatever the engine's own is."""

from __future__ import annotations

import json
import os

import pytest

from mbuild.builders.engine import Engine
from tests.conftest import EngineUnderTest
from tests.support import Repo

pytestmark = pytest.mark.engine

WAYS = ("auto", "buildx", "docker")


@pytest.fixture(autouse=True)
def _able(request: pytest.FixtureRequest, engine_door: Engine) -> None:
    """The classic builder cannot do it in containerd's store, and says so; there is no other way without a session."""
    named = getattr(request.node, "callspec", None)
    if engine_door.containerd_store and named is not None and named.params["builder"] == "docker":
        pytest.skip("the engine's classic builder makes no image for another platform in containerd's store")


@pytest.fixture
def shop(repo: Repo, project: str) -> Repo:
    """Return a repository whose image says for what it was built."""
    repo.write({"build.yaml": f"version: 1\nproject: {project}\nimages: {{app: {{}}}}\n", "app/f": project})
    repo.write({"app/Dockerfile": "FROM scratch\nARG TARGETPLATFORM BUILDARCH\nENV SAID=$TARGETPLATFORM\nCOPY f /\n"})
    return repo


def built_for(engine: EngineUnderTest, project: str) -> tuple[str, str]:
    """Return the architecture of the image, and what its Dockerfile was told."""
    (found,) = json.loads(engine.run("image", "inspect", f"{project}/app:latest"))
    (said,) = (each.partition("=")[2] for each in found["Config"]["Env"] if each.startswith("SAID="))
    return found["Architecture"], said


@pytest.mark.parametrize("builder", WAYS)
def test_the_clients_default(
    shop: Repo, engine: EngineUnderTest, project: str, monkeypatch: pytest.MonkeyPatch, builder: str
) -> None:
    own = engine.run("version", "--format", "{{.Server.Arch}}").decode().strip()
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/386")
    assert shop.mbuild("all", "--builder", builder).code == 0
    assert built_for(engine, project) == ("386", "linux/386")
    monkeypatch.delenv("DOCKER_DEFAULT_PLATFORM")
    again = shop.mbuild("all", "--builder", builder, "--format", "json")
    assert [each["action"] for each in again.json["images"]] == ["build"]
    assert built_for(engine, project) == (own, f"linux/{own}")


@pytest.mark.parametrize("builder", WAYS)
def test_an_engine_on_another_machine(
    shop: Repo, engine: EngineUnderTest, project: str, monkeypatch: pytest.MonkeyPatch, builder: str
) -> None:
    here = os.uname()
    values = (here.sysname, here.nodename, here.release, here.version, "i686")
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(values))
    assert shop.mbuild("all", "--builder", builder).code == 0
    assert built_for(engine, project) == ("386", "linux/386")


def test_what_build_yaml_says_goes_first(
    shop: Repo, engine: EngineUnderTest, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/arm64")
    text = (shop.folder / "build.yaml").read_text()
    shop.write({"build.yaml": text.replace("{app: {}}", "{app: {platforms: [linux/386]}}")})
    assert shop.mbuild("all").code == 0
    assert built_for(engine, project) == ("386", "linux/386")


def test_a_default_that_is_none(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "toaster")
    answer = shop.mbuild("all")
    assert answer.code == 2
    assert answer.err == (
        "error: DOCKER_DEFAULT_PLATFORM: 'toaster' is no platform: OS/ARCH[/VARIANT] is, as in linux/arm64\n"
    )
