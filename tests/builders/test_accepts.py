"""What is accepted by its definition alone: nothing of which a request would say that it cannot be built."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mbuild.app.requests import Naming, request
from mbuild.app.workspace import Snapshot, open_workspace
from mbuild.builders.auto import Auto, Client, auto
from mbuild.builders.buildx import Buildx
from mbuild.builders.dockerapi import DockerApi
from mbuild.builders.embedded import Embedded
from mbuild.builders.engine import Engine
from mbuild.builders.protocol import Builder
from tests.conftest import EngineUnderTest
from tests.support import Repo

SAID = {
    "secrets": "secrets: [{id: token, env: TOKEN}]",
    "ssh": "ssh: [default]",
    "cache_from": "cache_from: ['type=registry,ref=example.com/cache']",
    "cache_to": "cache_to: ['type=inline']",
    "contexts": "contexts: {alpine: 'docker-image://alpine:3'}",
    "args": "args: {BUILDKIT_INLINE_CACHE: '1'}",
    "platforms": "platforms: [linux/amd64, linux/arm64]",
}
"""What an image may say in build.yaml that not every way of building can do."""

OF_CLIENTS = {"ssh", "args", "platforms"}
"""What only a docker client does, or perhaps: ssh may be agents or keys, which is to be seen on this machine's disk."""

DOCKERFILES = {
    "scratch": "FROM scratch\nCOPY x /\n",
    "run": "FROM alpine:3\nRUN true\n",
    "syntax": "# syntax=docker/dockerfile:1\nFROM alpine:3\nCOPY x /\n",
    "heredoc": "FROM alpine:3\nCOPY <<EOF /y\nz\nEOF\n",
    "parents": "FROM alpine:3\nCOPY --parents x /\n",
    "mount": "FROM alpine:3\nRUN --mount=type=bind,source=x,target=/x true\n",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Return one image for each Dockerfile and each set of up to two things that are said."""
    repo = Repo(tmp_path_factory.mktemp("accepts") / "repo")
    lines = ["version: 1", "project: shop", "images:"]
    several = [*itertools.combinations(SAID, 2), *((each,) for each in SAID), ()]
    for (name, text), said in itertools.product(DOCKERFILES.items(), several):
        image = "-".join([name, *said]).replace("_", "-")
        repo.write({f"{name}/Dockerfile": text, f"{name}/x": "x"})
        values = "".join(f", {SAID[each]}" for each in said)
        lines.append(f"  {image}: {{dockerfile: {name}/Dockerfile{values}}}")
    repo.commit({"build.yaml": "\n".join(lines) + "\n"})
    workspace = open_workspace(repo.folder, None)
    return workspace.snapshot(workspace.head("HEAD"))


def wrongly_accepted(builder: Builder, snapshot: Snapshot) -> tuple[set[str], set[str]]:
    """Return the images that a builder accepts, and those of them of which it has more to say."""
    nodes = snapshot.graph.nodes.values()
    accepted = [node for node in nodes if builder.accepts(node.definition)]
    wrong = {node.name for node in accepted if builder.check(request(snapshot, node, Naming(), epoch=0))}
    return {node.name for node in accepted}, wrong


@pytest.mark.engine
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("direct", [False, True])
def test_auto(engine_door: Engine, snapshot: Snapshot, special: bool, direct: bool) -> None:
    builder = Auto(engine_door, auto(engine_door).kit if direct else None, Client(special))
    accepted, wrong = wrongly_accepted(builder, snapshot)
    assert wrong == set()
    asked_itself = {each for each in snapshot.graph.nodes if not OF_CLIENTS & set(each.split("-"))}
    assert accepted == (asked_itself if direct and not special else set())
    assert len(asked_itself) == 11 * len(DOCKERFILES)


@pytest.mark.engine
def test_buildx(engine: EngineUnderTest, engine_door: Engine, snapshot: Snapshot) -> None:
    accepted, wrong = wrongly_accepted(Buildx(engine_door, engine.docker), snapshot)
    assert wrong == set()
    assert accepted == {each for each in snapshot.graph.nodes if "platforms" not in each}


@pytest.mark.engine
def test_the_api(engine_door: Engine, snapshot: Snapshot) -> None:
    assert wrongly_accepted(DockerApi(engine_door), snapshot) == (set(), set())


def test_embedded(tmp_path: Path, snapshot: Snapshot) -> None:
    assert wrongly_accepted(Embedded(tmp_path), snapshot) == (set(), set())
