"""Engines without BuildKit: what ``auto`` does with them, and Podman's way of naming images."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mbuild.builders.dockerapi import DockerApi
from mbuild.builders.engine import Engine
from mbuild.builders.registry import Surroundings, choose
from mbuild.passed import FINGERPRINT
from mbuild.values import replace
from tests.builders.test_ask import OK, answering, heard
from tests.support import Repo

__all__ = ["answering", "heard"]

WITHOUT = [{"OSType": "windows"}, {"OSType": "linux", "BuildahVersion": "1.28.2"}]


@pytest.fixture
def refusing(engine_door: Engine, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Have every engine say that it is one without BuildKit."""
    info = {**engine_door.info, **request.param}
    monkeypatch.setattr("mbuild.builders.engine.connect", lambda: replace(engine_door, info=info))


@pytest.mark.engine
@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("refusing", WITHOUT, indirect=True)
def test_the_classic_builder_is_asked(repo: Repo, project: str) -> None:
    files = {
        "a/Dockerfile": "FROM scratch\nCOPY f /\n",
        "a/f": "1",
        "b/Dockerfile": "FROM {0}/a\nCOPY --from=lib g /\n",
    }
    files |= {"lib/g": "1", "b/.dockerignore": "*\n"}
    config = f"project: {project}\nimages: {{a: {{}}, b: {{contexts: {{lib: lib}}}}}}\n"
    repo.commit({path: text.format(project) for path, text in files.items()} | {"build.yaml": config})
    done = repo.mbuild("all", "--format", "json")
    assert (done.code, done.json["builder"]) == (0, "docker"), done.err
    assert {each["status"] for each in done.json["images"]} == {"built"}
    assert {each["status"] for each in repo.mbuild("all", "--format", "json").json["images"]} == {"reused"}
    repo.write({"a/Dockerfile": "FROM scratch\nCOPY <<EOF /f\n1\nEOF\n"})
    refused = repo.mbuild("all")
    assert refused.code == 4
    assert refused.err == (
        "error: a/Dockerfile:2:1: image 'a': a heredoc needs BuildKit, which this engine's API does not give\n"
        "hint: this engine has no BuildKit: use one that has, or a builder of your own (docker buildx create --use)\n"
    )


@pytest.mark.engine
def test_a_chosen_builder_builds(engine_door: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for info in WITHOUT:
        without = replace(engine_door, info={**engine_door.info, **info})
        around = Surroundings(tmp_path, partial(replace, without))
        assert isinstance(choose("auto", around).builder, DockerApi)
        with monkeypatch.context() as patch:
            patch.setenv("BUILDX_BUILDER", "mine")
            assert choose("auto", around).builder.name == "buildkit"
    assert choose("auto", Surroundings(tmp_path, lambda: engine_door)).builder.name == "buildkit"


def test_whole_names_are_listed(answering: Callable[..., str]) -> None:
    tags = ["docker.io/shop/a:1", "docker.io/library/b:1", "quay.io/shop/c:1", "localhost/d:1", "<none>:<none>", "e:1"]
    listing = [{"Id": "sha256:1", "RepoTags": tags, "Labels": {FINGERPRINT: "x"}}, {"Id": "2", "RepoTags": None}]
    engine = Engine("unix:///s", {}, lambda: None, socket=answering(OK + json.dumps(listing).encode()))
    asked = ["docker.io/shop/a:1", "b:1", "quay.io/shop/c:1", "localhost/d:1", "docker.io/library/e:1", "shop/c:1"]
    assert engine.existing(asked) == dict.fromkeys(asked[:-1], "sha256:1")
