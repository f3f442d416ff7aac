"""Engines and builders that are not as the usual ones: another image store, a builder apart from the engine, a death.

The builder apart is the BuildKit of an engine with containerd's store, which buildx reaches by TCP as a ``remote`` one.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.auto import auto
from mbuild.builders.engine import Engine, connect
from mbuild.builders.kit.hijack import Address, take_over
from mbuild.registry.registries import Registries
from tests.cli.shop import FILES
from tests.conftest import EngineUnderTest
from tests.engines import OwnEngine
from tests.oracle.minimal.results import result_of
from tests.registry.server import Proxy
from tests.support import Answer, Repo

TWO = "[linux/amd64, linux/arm64]"


def shop_of(repo: Repo, host: str, platforms: str = "") -> Repo:
    config = FILES["build.yaml"].replace("project: shop", f"registry: {host}/shop")
    defaults = f"defaults: {{platforms: {platforms}}}\n" if platforms else ""
    api = FILES["api/Dockerfile"].replace("shop/base", f"{host}/shop/base")
    repo.commit(FILES | {"build.yaml": defaults + config, "api/Dockerfile": api}, "first")
    return repo


def manifest(name: str) -> Any:
    registries = Registries()
    connection, repository, tag = registries.at(name)
    found = connection.manifest(repository, tag)
    registries.close()
    assert found is not None, name
    return json.loads(found.data)


def states(answer: Answer) -> dict[str, str]:
    return {each["name"]: each["status"].replace("cached", "built") for each in answer.json["images"]}


class TestContainerdStore:
    @pytest.fixture(autouse=True)
    def engine_of_it(self, containerd_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", containerd_engine.host)

    @pytest.mark.parametrize("builder", ["auto", "buildx", "docker"])
    def test_a_release_and_the_next_of_the_same_content(self, repo: Repo, proxy: Proxy, builder: str) -> None:
        shop = shop_of(repo, proxy.host)
        first = shop.mbuild("all", "--builder", builder, "--push", "--tag", "v1", "--format", "json")
        assert first.code == 0, first.err
        assert set(states(first).values()) == {"built"}
        again = shop.mbuild("all", "--builder", builder, "--push", "--tag", "v2", "--format", "json")
        assert set(states(again).values()) == {"reused"}
        for one, other in zip(first.json["images"], again.json["images"], strict=True):
            assert one["digest"] == other["digest"]
            assert manifest(f"{proxy.host}/shop/{one['name']}:v2")["config"]

    def test_the_engine_is_asked_itself_for_the_same_images(self, repo: Repo) -> None:
        shop, found = shop_of(repo, "example.com"), []
        for builder in ("auto", "buildx"):
            done = shop.mbuild("all", "--builder", builder, "--force", "--format", "json")
            assert done.code == 0, done.err
            engine = connect()
            assert auto(engine).kit is not None
            found.append({each["name"]: result_of(engine.client, each["tags"][0]) for each in done.json["images"]})
            engine.close()
        ours, theirs = found
        assert not [line for name in ours for line in ours[name].differences(theirs[name])]

    @pytest.mark.parametrize("builder", ["auto", "buildx"])
    def test_several_platforms(self, repo: Repo, proxy: Proxy, builder: str) -> None:
        shop = shop_of(repo, proxy.host, TWO)
        file = repo.folder.parent / "record.json"
        done = shop.mbuild("all", "--builder", builder, "--push", "--tag", "v1", "--metadata", str(file))
        assert done.code == 0, done.err
        for each in json.loads(file.read_text())["images"]:
            index = manifest(f"{proxy.host}/shop/{each['name']}:v1")
            assert [part["platform"]["architecture"] for part in index["manifests"]] == ["amd64", "arm64"]
            assert each["size"] > 0


@pytest.fixture
def apart(containerd_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Yield the name of a buildx builder that is chosen and is not the engine's own."""
    monkeypatch.setenv("BUILDX_CONFIG", str(tmp_path / "buildx"))
    with _bridge(containerd_engine.host.removeprefix("unix://")) as port:
        create = ["docker", "buildx", "create", "--name", "apart", "--driver", "remote", f"tcp://127.0.0.1:{port}"]
        subprocess.run(create, check=True, capture_output=True)
        monkeypatch.setenv("BUILDX_BUILDER", "apart")
        yield "apart"


@contextlib.contextmanager
def _bridge(engine: str) -> Iterator[int]:
    """Hand connections of a TCP port on to the BuildKit of an engine."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    kit = take_over(Address(engine), "/grpc")
                    threads.append(threading.Thread(target=_both, args=(client, kit)))
                    threads[-1].start()

        threads = [threading.Thread(target=serve)]
        threads[0].start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for each in threads:
            each.join()


def _both(client: socket.socket, kit: socket.socket) -> None:
    with client, kit:
        answers = threading.Thread(target=_copy, args=(kit, client))
        answers.start()
        _copy(client, kit)
        answers.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for each in (one, other):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@pytest.mark.engine
@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("builder", ["auto", "buildx"])
def test_a_builder_apart_pushes_what_the_engine_could_not_hold(
    repo: Repo, proxy: Proxy, builder: str, engine: EngineUnderTest
) -> None:
    shop = shop_of(repo, proxy.host, TWO)
    file = repo.folder.parent / "record.json"
    options = ("--builder", builder, "--push", "--format", "json", "--metadata", str(file))
    first = shop.mbuild("all", *options, "--tag", "v1")
    assert first.code == 0, first.err
    assert set(states(first).values()) == {"built"}
    for each in first.json["images"]:
        index = manifest(f"{proxy.host}/shop/{each['name']}:v1")
        assert [part["platform"]["architecture"] for part in index["manifests"]] == ["amd64", "arm64"]
        assert index["annotations"]["org.opencontainers.image.revision"] == shop.git("rev-parse", "HEAD")
        assert each["pushed"] == [f"{proxy.host}/shop/{each['name']}:mb-{each['fingerprint'][:20]}", each["tags"][1]]
    assert proxy.host.encode() not in engine.run("image", "ls"), "nothing of it is in the engine"
    # A child alone: its parent is only in the registry, and that is where it is found.
    shop.write({"api/main.py": "print(2)\n"})
    again = shop.mbuild("all", *options, "--tag", "v2")
    assert again.code == 0, again.err
    assert {name for name, state in states(again).items() if state == "built"} == {"api"}
    assert proxy.host.encode() not in engine.run("image", "ls")


@pytest.mark.engine
@pytest.mark.usefixtures("engine", "apart")
def test_without_a_push_it_is_said_what_a_builder_apart_cannot_do(
    repo: Repo, proxy: Proxy, engine_door: Engine
) -> None:
    if engine_door.containerd_store:
        pytest.skip("containerd's store holds images for several platforms")
    shop = shop_of(repo, proxy.host, TWO)
    refused = shop.mbuild("all", "--builder", "buildx")
    assert refused.code == 4
    assert (
        "hint: or push it (--push, no test) from a buildx builder of its own: docker buildx create --use" in refused.err
    )
    single = shop.mbuild("all", "--builder", "buildx", "--platform", "linux/amd64")
    assert single.code == 1
    assert "hint: or let it find them in the registry: --push" in single.err
