"""No secret is in an argument, event, log, label or record: canaries are planted, and everything is searched."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mbuild.builders.buildx import find_docker
from mbuild.errors import HIDDEN
from tests.conftest import EngineUnderTest, no_engine
from tests.registry.server import program, serving
from tests.secrets import runs
from tests.secrets.canaries import CANARIES, DIGEST, HEADER, SAID, Canary, Values
from tests.secrets.harvest import Find, Piece, files, search
from tests.secrets.planting import BUSYBOX, World, plant
from tests.secrets.recording import recorded
from tests.secrets.runs import Said
from tests.secrets.servers import Noted, asking, certificate, gate

IN_DOCKERFILE = "password in a URL of ADD"
"""The one that is in a tracked file which goes to the builder as it is."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was printed while images were built, and the images with their configuration and history."""

    said: Said
    images: tuple[Piece, ...]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if program() is None:
        no_engine("no registry is installed (Debian: docker-registry)")
    if shutil.which("openssl") is None:
        no_engine("there is no openssl")
    top, values = tmp_path_factory.mktemp("canaries"), Values()
    with contextlib.ExitStack() as stack:
        cert, tls = certificate(top)
        (top / "registry").mkdir()
        upstream = stack.enter_context(serving(top / "registry"))
        servers: dict[str, Noted] = {
            name: stack.enter_context(asking()) for name in ("git", "store", "askpass", "proxy")
        }
        servers["netrc"] = stack.enter_context(asking("127.0.0.2"))
        servers["files"] = stack.enter_context(asking(content=b"fetched\n"))
        password, helper = values["password of a registry"], values["password from a credential helper"]
        servers["registry"] = stack.enter_context(gate(upstream, tls, f"user:{password}"))
        servers["refusing"] = stack.enter_context(gate(upstream, tls, "user:another"))
        token = values["bearer token of a registry"]
        servers["token"] = stack.enter_context(gate(upstream, tls, f"user:{helper}", token))
        found = World(top, values, servers)
        plant(found, cert)
        (top / "out").mkdir()
        yield found


@pytest.fixture(scope="module")
def said(world: World) -> Said:
    """Run what needs no engine; returns what was printed."""
    found = Said()
    runs.run(world, runs.looks(world), found)
    runs.run(world, runs.leaves(world), found)
    return found


@pytest.fixture(scope="module")
def built(world: World, engine: EngineUnderTest) -> Iterator[Built]:
    """Build and push with an engine; yields what was printed, and the images with their configuration and history."""
    if not BUSYBOX.exists():
        no_engine(f"needs {BUSYBOX} (Debian: busybox-static)")
    found = Said()
    runs.run(world, runs.builds(world, engine.host), found)
    hosts = tuple(f"{world.servers[each].host}/" for each in ("registry", "token", "refusing"))
    listed = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").decode().split()
    names = [each for each in listed if each.startswith(hosts)]
    try:
        yield Built(found, tuple(_images(engine, names)))
    finally:
        engine.run("rmi", "--force", *names)


def _images(engine: EngineUnderTest, names: list[str]) -> Iterator[Piece]:
    yield "images", engine.run("save", *names)
    yield "configuration", engine.run("image", "inspect", *names)
    for each in names:
        yield f"history of {each}", engine.run("history", "--no-trunc", each)


def harvest(world: World, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield everything that is left behind: what was printed, and every file but those that hold canaries."""
    yield from pieces
    yield from files(world.top, world.planted)


def named(world: World, finds: Iterable[Find]) -> set[tuple[str, str]]:
    return {(world.values.named(each.canary), each.place) for each in finds}


def in_play(world: World, canary: Canary, said: str) -> bool:
    """Whether a canary is shown to have been used, or at least to have been there (canaries.py)."""
    value = world.values[canary.name]
    if canary.play == HEADER:
        return world.servers[canary.by].saw(value)
    if canary.play == DIGEST:
        return world.values.digest(canary.name) in said
    if canary.play == SAID:
        return canary.by in said
    place = world.there.get(canary.name)
    given = "\n".join(world.environment.values()) if place is None else place.read_text()
    return value in given


def idle(world: World, said: str, *, engine: bool) -> list[str]:
    """Return the canaries that nothing shows to have been in play."""
    return [each.name for each in CANARIES if each.engine == engine and not in_play(world, each, said)]


def test_there_are_enough() -> None:
    assert len({each.name for each in CANARIES}) == len(CANARIES) >= 30


# One test for each half, since a runner with several processes would otherwise make the world in all of them.


def test_no_secret_is_anywhere(world: World, said: Said) -> None:
    assert said.wrong == []
    assert idle(world, said.text, engine=False) == []
    assert any("push" in each for each in recorded(world.log, "git"))
    started = {Path(each).name for argv in recorded(world.log, "audit") for each in argv}
    assert {"git", "docker-credential-canary"} <= started
    if find_docker():
        assert "docker" in started
        assert any("bake" in each for each in recorded(world.log, "docker"))
    assert named(world, search(harvest(world, said.pieces))) == set()


@pytest.mark.engine
def test_no_secret_is_anywhere_with_an_engine(world: World, built: Built) -> None:
    said = built.said.text
    assert built.said.wrong == []
    assert idle(world, said, engine=True) == []
    assert any("--secret=id=one,env=BUILD_SECRET" in each for each in recorded(world.log, "docker"))
    # The step printed what it was given, when it succeeded and when it failed.
    for line in ("sealed | careless:", f"sealed | {HIDDEN}", f"  | {HIDDEN}", f"ADD http://{HIDDEN}@"):
        assert line in said
    found = named(world, search(harvest(world, [*built.said.pieces, *built.images])))
    assert {each for each in found if each[0] != IN_DOCKERFILE} == set()
    # BuildKit writes instructions into an image's history, whoever builds: who has the image can read this one.
    inside = ("history of ", "images", f"{world.top}/registry/content/")
    places = [place for name, place in found if name == IN_DOCKERFILE]
    assert any(each.startswith("history of ") for each in places)
    assert [each for each in places if not each.startswith(inside)] == []
