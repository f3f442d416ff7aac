"""Which engine is meant, and what is said when it is not there."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path
from typing import Any

import pytest
from docker.errors import DockerException

from mbuild.builders.ask import ask
from mbuild.builders.engine import Engine, connect, familiar
from mbuild.builders.registry import Surroundings, choose
from mbuild.errors import BuildFailedError, EnvironmentFault
from tests.builders.test_bind import asked
from tests.conftest import EngineUnderTest
from tests.graph.test_affected import image

DIGEST = "sha256:" + "d" * 64


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("alpine", "alpine:latest"),
        ("docker.io/library/alpine:3", "alpine:3"),
        ("docker.io/shop/api:x", "shop/api:x"),
        ("registry.example.com:5000/shop/api:x", "registry.example.com:5000/shop/api:x"),
    ],
)
def test_names_as_an_engine_lists_them(name: str, shown: str) -> None:
    assert familiar(name) == shown


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("DOCKER_HOST", "unix:///nonexistent.sock", "at unix:///nonexistent.sock: No such file or directory"),
        ("DOCKER_HOST", "bogus://x", "at bogus://x: Invalid bind address protocol"),
        ("DOCKER_CONTEXT", "nowhere", "there is no docker context 'nowhere'"),
    ],
)
def test_no_engine(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(EnvironmentFault) as caught:
        connect()
    assert message in str(caught.value)


def test_a_socket_that_nobody_listens_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with pytest.raises(EnvironmentFault, match="Connection refused"):
        connect()


def test_auto_takes_the_embedded_builder_and_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    chosen = choose("auto", Surroundings(tmp_path))
    assert chosen.builder.name == "oci"
    assert chosen.no_engine is not None
    assert choose("oci", Surroundings(tmp_path)).no_engine is None
    for name in ("buildx", "docker"):
        with pytest.raises(EnvironmentFault, match="no Docker Engine answers"):
            choose(name, Surroundings(tmp_path))


@pytest.mark.engine
def test_auto_takes_the_engine(engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    builder = choose("auto", Surroundings(tmp_path)).builder
    builder.close()
    assert builder.name == "buildkit"
    with pytest.raises(EnvironmentFault, match="no docker command on PATH has buildx"):
        choose("buildx", Surroundings(tmp_path))


def test_an_image_that_cannot_be_removed_stays() -> None:
    def gone() -> None:
        raise DockerException("gone")

    lost = Engine("nowhere", {}, gone)
    lost.discard("sha256:0")
    with pytest.raises(EnvironmentFault, match="the Docker Engine at nowhere failed: gone"):
        lost.untag("x")


@pytest.mark.engine
def test_names_that_are_there_cost_no_call(engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"mbuild-names-{uuid.uuid4().hex[:12]}"
    engine.run("import", "-", f"{name}:one", stdin=bytes(10240))
    found = connect()
    monkeypatch.setattr("mbuild.builders.engine.MOMENT_SECONDS", 600)
    try:
        assert set(found.existing([f"{name}:one"])) == {f"{name}:one"}
        found.tag_again(f"{name}:one", [f"{name}:two"])
        assert f"{name}:two" in found.names()
        engine.run("rmi", f"{name}:two")
        found.tag_again(f"{name}:one", [f"{name}:two"])  # there by the last listing: not asked for
        assert f"{name}:two" not in found.names()
        found.tag_again(f"{name}:one", [f"{name}:two"])
        assert f"{name}:two" in found.names()
    finally:
        found.close()
        engine.run("rmi", "--force", f"{name}:one", f"{name}:two")


@pytest.mark.engine
def test_what_others_did_since_the_run_began_is_seen_where_an_image_is_reused(
    engine: EngineUnderTest, engine_door: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"mbuild-since-{uuid.uuid4().hex[:12]}"
    content, latest, other = f"{name}:mb-0123456789abcdef0123", f"{name}:latest", f"{name}:other"
    engine.run(
        "import", "--change=LABEL dev.mbuild.fingerprint=0123456789abcdef01234567", "-", content, stdin=bytes(10240)
    )
    engine.run("import", "-", other, stdin=bytes(20480))
    engine.run("tag", content, latest)
    monkeypatch.setattr("mbuild.builders.engine.MOMENT_SECONDS", 0)
    try:
        assert set(engine_door.existing([content])) == {content}
        engine.run("tag", other, latest)
        engine_door.tag_again(content, [latest])
        assert engine_door.image_id(latest) == engine_door.image_id(content)
        engine.run("tag", other, content)
        with pytest.raises(BuildFailedError, match=f"does not hold {content} any more"):
            engine_door.tag_again(content, [latest])
        engine_door.brought.add(content)  # a registry is not asked for labels
        engine_door.tag_again(content, [latest])
        engine.run("rmi", content)
        with pytest.raises(BuildFailedError, match=f"does not hold {content} any more"):
            engine_door.tag_again(content, [latest])
    finally:
        engine.run("rmi", "--force", content, latest, other)


@pytest.mark.engine
def test_an_image_that_was_brought_just_now_is_found(
    engine: EngineUnderTest, engine_door: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"mbuild-brought-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr("mbuild.builders.engine.MOMENT_SECONDS", 600)
    assert engine_door.existing([f"{name}:one"]) == {}
    engine.run("import", "-", f"{name}:one", stdin=bytes(10240))
    try:
        engine_door.tag_again(f"{name}:one", [f"{name}:two"])
        assert f"{name}:two" in engine_door.names()
    finally:
        engine.run("rmi", "--force", f"{name}:one", f"{name}:two")


@pytest.mark.engine
def test_a_listing_that_was_asked_for_ahead_is_used_once(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"mbuild-ahead-{uuid.uuid4().hex[:12]}"
    found = connect()
    try:
        found.list_ahead()
        assert found.existing([f"{name}:one"]) == {}
        found.list_ahead()
        assert found._ahead is not None
        found._ahead.wait()
        engine.run("import", "-", f"{name}:one", stdin=bytes(10240))
        assert found.existing([f"{name}:one"]) == {}, "as it was when it was asked for"
        assert set(found.existing([f"{name}:one"])) == {f"{name}:one"}
        monkeypatch.setattr("mbuild.builders.engine.ask", lambda *_: None)
        monkeypatch.setattr(found.client, "images", lambda: found.client.inspect_image(f"{name}:two"))
        monkeypatch.setattr("mbuild.builders.engine.LISTINGS", 1)
        found.list_ahead()
        with pytest.raises(EnvironmentFault, match=f"{name}:two"):
            found.existing([f"{name}:one"])
    finally:
        found.close()
        engine.run("rmi", "--force", f"{name}:one")


@pytest.mark.engine
def test_what_was_listed_is_described_without_another_listing(
    engine: EngineUnderTest, engine_door: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, listings = f"mbuild-listed-{uuid.uuid4().hex[:12]}", list[str]()
    engine.run("import", "-", f"{name}:one", stdin=bytes(10240))

    def counting(path: str, question: str, seconds: float) -> Any:
        listings.append(question)
        return ask(path, question, seconds)

    monkeypatch.setattr("mbuild.builders.engine.ask", counting)
    try:
        ids = engine_door.existing([f"{name}:one"])
        assert engine_door.stored([f"{name}:one"], again=False)[f"{name}:one"].image_id == ids[f"{name}:one"]
        assert engine_door.stored([], again=False) == {}
        assert len(listings) == 1
        engine.run("tag", f"{name}:one", f"{name}:two")
        assert set(engine_door.stored([f"{name}:one", f"{name}:two"], again=False)) == {f"{name}:one", f"{name}:two"}
        engine.run("rmi", f"{name}:two")
        assert set(engine_door.stored([f"{name}:one", f"{name}:two"], again=True)) == {f"{name}:one"}
        assert len(listings) == 3
    finally:
        engine.run("rmi", "--force", f"{name}:one", f"{name}:two")


@pytest.mark.engine
@pytest.mark.parametrize(
    ("label", "there"),
    [("0123456789abcdef01234567", True), ("0123456789abcdef01230000", True), ("f" * 24, False), ("", False)],
)
def test_a_content_tag_that_was_moved_holds_nothing(
    engine: EngineUnderTest, engine_door: Engine, label: str, there: bool
) -> None:
    name = f"mbuild-moved-{uuid.uuid4().hex[:12]}"
    content, plain = f"{name}:mb-0123456789abcdef0123", f"{name}:latest"
    change = (f"--change=LABEL dev.mbuild.fingerprint={label}",) if label else ()
    engine.run("import", *change, "-", plain, stdin=bytes(10240))
    try:
        engine.run("tag", plain, content)
        assert set(engine_door.existing([content, plain])) == {plain, *([content] if there else [])}
    finally:
        engine.run("rmi", "--force", content, plain)


@pytest.mark.engine
@pytest.mark.parametrize("socket", [True, False])
def test_the_base_of_a_build_is_the_one_that_the_engine_had_before_and_after_it(
    engine: EngineUnderTest, engine_door: Engine, socket: bool
) -> None:
    name = f"mbuild-base-{uuid.uuid4().hex[:12]}"
    one, two, now = (f"{name}:{tag}" for tag in ("one", "two", "now"))
    engine.run("import", "-", one, stdin=bytes(10240))
    engine.run("import", "-", two, stdin=bytes(20480))
    build = asked({"a/Dockerfile": f"FROM {now}\nCOPY --from=busybox@{DIGEST} a b\n"}, image("a"))
    engine_door.socket = engine_door.socket if socket else ""
    key, pinned = f"docker.io/library/{now}", {"docker.io/library/busybox:latest": DIGEST}
    try:
        absent = engine_door.bases(build)
        engine.run("tag", one, now)
        before = engine_door.bases(build)
        assert (absent, before) == ({}, {key: engine_door.image_id(one)})
        assert engine_door.used(build, {}, before) == {**pinned, **before}
        assert engine_door.used(build, {}, absent) == pinned, "the engine may have had another one when it was used"
        assert engine_door.used(build, {}, absent, pulled=True) == {**pinned, **before}
        engine.run("tag", two, now)
        for pulled in (False, True):
            assert engine_door.used(build, {}, before, pulled=pulled) == pinned
            assert engine_door.used(build, {key: DIGEST}, before, pulled=pulled) == {**pinned, key: DIGEST}
        assert engine_door.bases(build) == {key: engine_door.image_id(two)}
    finally:
        engine.run("rmi", "--force", one, two, now)


@pytest.mark.engine
def test_docker_py_is_told_the_same(engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"mbuild-told-{uuid.uuid4().hex[:12]}"
    engine.run("import", "-", f"{name}:one", stdin=bytes(10240))
    quick = connect()
    monkeypatch.setattr("mbuild.builders.engine.ask", lambda *_: None)
    slow = connect()
    try:
        assert (quick.host, bool(quick.socket)) == (slow.host, True)
        assert quick.info.keys() == slow.info.keys()
        assert quick.containerd_store == slow.containerd_store
        monkeypatch.undo()
        asked = [f"{name}:one"]
        for _ in range(5):  # others may build meanwhile
            before, told, after = (each.stored(asked) for each in (quick, slow, quick))
            if before == after:
                break
        assert before == told != {}
        assert quick._client is None, "nothing that was asked needs it"
    finally:
        quick.close()
        slow.close()
        engine.run("rmi", "--force", f"{name}:one")


@pytest.mark.engine
def test_errors_of_the_engine_are_one_line(engine: EngineUnderTest) -> None:
    found = connect()
    try:
        with pytest.raises(EnvironmentFault, match=r"the Docker Engine at .* failed: "):
            found.tag("mbuild-no-such-image:x", ["mbuild-no-such-image:y"])
        assert found.existing([]) == {}
        assert found.existing(["mbuild-no-such-image:x"]) == {}
    finally:
        found.close()
