"""What build.yaml hands on arrives: labels in the image, an ssh agent in RUN, caches in a registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.engine import Engine
from mbuild.registry.registries import Registries
from tests.cli.test_pushing import clean
from tests.oracle.minimal.base import import_base
from tests.registry.server import Proxy
from tests.support import Repo

pytestmark = pytest.mark.engine


@pytest.fixture
def base(engine_door: Engine, proxy: Proxy) -> Iterator[str]:
    name = f"passed{proxy.host.rpartition(':')[2]}/base:1"
    import_base(engine_door.client, name)
    yield name
    engine_door.untag(name)
    clean(proxy.host)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the socket of an ssh agent, which SSH_AUTH_SOCK names."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("needs ssh-agent (Debian: openssh-client)")
    socket = str(tmp_path / "agent.sock")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", socket)
    while not Path(socket).exists():
        assert process.poll() is None
    yield socket
    process.terminate()
    process.wait()


def commit(repo: Repo, host: str, entry: str, dockerfile: str) -> None:
    config = f"version: 1\nregistry: {host}/passed\nimages: {{a: {entry}}}\n"
    repo.commit({"build.yaml": config, "a/Dockerfile": dockerfile, "a/f": host})


def configuration(name: str) -> Any:
    """Return the configuration of an image in a registry."""
    registries, parts = Registries(), list[bytes]()
    connection, repository, tag = registries.at(name)
    manifest = connection.manifest(repository, tag)
    assert manifest is not None
    connection.download(repository, json.loads(manifest.data)["config"]["digest"], parts.append)
    registries.close()
    return json.loads(b"".join(parts))


@pytest.mark.parametrize("builder", ["auto", "buildx", "docker", "oci"])
def test_labels_are_in_the_image(repo: Repo, builder: str, engine_door: Engine, proxy: Proxy) -> None:
    commit(
        repo,
        proxy.host,
        "{labels: {a.b: 'x, \"y\" $z', dev.example: 1.10, my label: '1'}}",
        "FROM scratch\nLABEL a.b=no\nCOPY f /\n",
    )
    assert repo.mbuild("all", "--builder", builder, "--push", "--tag", "v1").code == 0
    published = configuration(f"{proxy.host}/passed/a:v1")
    clean(proxy.host)
    labels = published["config"]["Labels"]
    assert {key: value for key, value in labels.items() if not key.startswith("dev.mbuild.")} == {
        "a.b": 'x, "y" $z',
        "dev.example": "1.10",
        "my label": "1",
    }


@pytest.mark.parametrize("builder", ["auto", "buildx"])
@pytest.mark.parametrize("named", [False, True])
def test_run_sees_an_ssh_agent(repo: Repo, builder: str, named: bool, agent: str, base: str, proxy: Proxy) -> None:
    entry = f"{{ssh: ['other={agent}']}}" if named else "{ssh: [default]}"
    mount = "--mount=type=ssh,required" + (",id=other" if named else "")
    commit(repo, proxy.host, entry, f'FROM {base}\nCOPY f /{builder}\nRUN {mount} test -S "$SSH_AUTH_SOCK"\n')
    if named:
        os.environ.pop("SSH_AUTH_SOCK")
    done = repo.mbuild("all", "--builder", builder)
    assert done.code == 0, done.err


def test_without_buildx_there_is_no_ssh(repo: Repo, base: str, proxy: Proxy) -> None:
    commit(repo, proxy.host, "{ssh: [default]}", f"FROM {base}\nRUN --mount=type=ssh true\n")
    done = repo.mbuild("all", "--builder", "docker")
    assert done.code == 4
    assert "error: a/Dockerfile: image 'a': ssh needs a session with BuildKit, or buildx" in done.err


def test_a_cache_is_written_and_read(repo: Repo, base: str, proxy: Proxy) -> None:
    caches = f"{{cache_to: [type=inline], cache_from: ['{proxy.host}/passed/{{name}}:v1']}}"
    commit(repo, proxy.host, caches, f"FROM {base}\nCOPY f /f\nRUN cat f > g\n")
    first = repo.mbuild("--progress", "json", "all", "--push", "--tag", "v1")
    assert first.code == 0, first.err
    published = configuration(f"{proxy.host}/passed/a:v1")
    assert "moby.buildkit.cache.v0" in published
    second = repo.mbuild("--progress", "json", "all", "--force")
    assert second.code == 0, second.err
    assert f"importing cache manifest from {proxy.host}/passed/a:v1" in second.err
