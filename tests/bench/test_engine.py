"""Counting what reaches an engine, and the same images for its own tools."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.areas.engine import _first
from bench.areas.sending import sent
from bench.dockers import Client, bake_file, build_script, client
from bench.monorepo.layout import layout
from bench.monorepo.sizes import SIZES
from bench.proxy import counting
from bench.running import Bench
from tests.conftest import EngineUnderTest


def test_the_proxy_passes_all_on_and_counts_what_goes_in(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "server"))
    server.listen(1)
    request, answer = b"GET /v1/images/json?all=1 HTTP/1.1\r\n\r\n", b"x" * 300_000

    def serve() -> None:
        peer, _ = server.accept()
        with peer:
            assert peer.recv(1000) == request
            peer.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    begun = time.perf_counter()
    with counting(str(tmp_path / "server"), tmp_path / "proxy") as counted, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(tmp_path / "proxy"))
        caller.sendall(request)
        found = b""
        while data := caller.recv(1 << 16):
            found += data
    thread.join()
    server.close()
    assert found == answer
    assert (counted.sent, counted.asked) == (len(request), ["/v1/images/json?all=1"])
    assert begun < counted.at["/v1/images/json?all=1"] < time.perf_counter()


def test_bake_and_buildx_get_the_same_images() -> None:
    plan = layout(SIZES["XS"])
    targets = json.loads(bake_file(plan))["target"]
    script = build_script(plan, "docker").splitlines()[1:]
    assert list(targets) == [each.name for each in plan.images]
    assert [line.rpartition("--tag mbuild-bench/")[2].partition(":")[0] for line in script] == list(targets)
    assert targets["job-000"]["contexts"] == {"mbuild-bench/base-01": "target:base-01"}
    named = next(each.name for each in plan.images if each.core == "named")
    assert targets[named]["contexts"]["core"] == "libs/core"
    assert "--build-context core=libs/core" in next(line for line in script if f"/{named}:" in line)


@pytest.fixture
def own_client(engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Yield the suite's client; the images that it makes are removed afterwards."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    found = client()
    assert not isinstance(found, str), found
    yield found
    found.remove_images()
    assert found.images() == ()


@pytest.mark.engine
def test_bytes_to_an_engine_are_counted(bench: Bench, own_client: Client) -> None:
    rows = {row.run: row for row in sent(bench, own_client)}
    assert "mbuild-bench/app:latest" in own_client.images()
    assert [row.wrong for row in rows.values()] == [""] * 4
    new, unchanged = rows["new"].value, rows["nothing changed"].value
    assert new is not None
    assert unchanged is not None
    assert 1 < new < 2
    assert unchanged < 0.05


@pytest.mark.engine
def test_the_first_build_is_waited_for(bench: Bench, own_client: Client) -> None:
    (row,) = _first(bench, own_client)
    assert row.wrong == ""
    assert row.value is not None
    assert 0 < row.value < 60
