"""Builds that take too long, stall or meet a registry that has a bad day, with a real engine."""

from __future__ import annotations

import shutil
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EngineUnderTest
from tests.support import Repo

CONFIG = "version: 1\nproject: {project}\nimages:\n  web: {{dockerfile: web/Dockerfile}}\n"

pytestmark = pytest.mark.engine


@pytest.fixture
def project(repo: Repo, engine: EngineUnderTest) -> str:
    name = f"l{uuid.uuid4().hex[:12]}"
    repo.write({"build.yaml": CONFIG.format(project=name)})
    return name


@pytest.fixture
def silent_registry() -> Iterator[tuple[str, list[bool]]]:
    """Listen, take connections and never say a word; returns the address and a mark for each connection."""
    met: list[bool] = []
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                met.append(True)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", met
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in kept:
            connection.close()


def test_a_registry_that_says_nothing_is_a_stall(
    repo: Repo, project: str, silent_registry: tuple[str, list[bool]]
) -> None:
    address, met = silent_registry
    repo.commit({"web/Dockerfile": f"FROM {address}/{project}:1\n"})
    options = ("--builder", "buildx", "--stall-timeout", "2s", "--retries", "1")
    answer = repo.mbuild("--progress", "plain", "all", *options)
    assert answer.code == 1
    assert (
        f"error: web/Dockerfile: image 'web': nothing moved for 2 s: [internal] load metadata for {address}"
        in answer.err
    )
    assert answer.err.count("web | trying again in ") == 1
    assert len(met) >= 2


@pytest.mark.parametrize("builder", ["buildx", "docker"])
def test_a_build_over_its_time_is_ended(repo: Repo, project: str, engine: EngineUnderTest, builder: str) -> None:
    busybox = Path("/bin/busybox")
    if not busybox.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    (repo.folder / "web").mkdir()
    shutil.copy(busybox, repo.folder / "web")
    run = f'RUN ["/busybox", "sh", "-c", ": {project}; sleep 600"]'
    repo.commit({"web/Dockerfile": f"FROM scratch\nCOPY busybox /\n{run}\n"})
    answer = repo.mbuild("all", "--builder", builder, "--timeout", "3s")
    assert answer.code == 1
    assert "error: web/Dockerfile: image 'web': the build took longer than 3 s\nhint: --timeout" in answer.err
    assert "trying again" not in answer.err
    assert engine.run("images", "-q", f"{project}/web") == b""


def test_a_failing_run_is_not_tried_again(repo: Repo, project: str) -> None:
    busybox = Path("/bin/busybox")
    if not busybox.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    (repo.folder / "web").mkdir()
    shutil.copy(busybox, repo.folder / "web")
    run = 'RUN ["/busybox", "sh", "-c", "echo 503 Service Unavailable: connection reset by peer; exit 3"]'
    repo.commit({"web/Dockerfile": f"FROM scratch\nCOPY busybox /\n{run}\n"})
    answer = repo.mbuild("all", "--builder", "buildx")
    assert answer.code == 1
    assert "trying again" not in answer.err
    assert "exit code: 3" in answer.err
