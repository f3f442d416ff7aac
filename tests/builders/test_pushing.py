"""Pushing from a real engine into a real registry, with a proxy in between that fails on demand."""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid
from collections.abc import Iterator

import pytest

from mbuild.builders import pushing
from mbuild.builders.engine import connect
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.pushing import failure_of
from mbuild.registry.attempts import Failure
from mbuild.registry.connection import Connection
from mbuild.registry.manifest import RegistryError
from mbuild.registry.registries import Registries
from tests.conftest import EngineUnderTest
from tests.registry.server import Fault, Proxy

pytestmark = pytest.mark.engine


@pytest.fixture
def store(engine: EngineUnderTest) -> Iterator[EngineStore]:
    found = EngineStore(connect())
    yield found
    found.close()


@pytest.fixture
def name(store: EngineStore, proxy: Proxy) -> Iterator[str]:
    """Yield the name of a small image in the engine that no registry has."""
    found = f"{proxy.host}/shop/{uuid.uuid4().hex[:12]}:v1"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(found)
        tar.addfile(entry, io.BytesIO(found.encode()))
    store.engine.import_tar(iter([packed.getvalue()]), found)
    yield found
    store.engine.untag(found)


@pytest.fixture
def registries() -> Iterator[Registries]:
    found = Registries(connect=lambda host, plain: Connection(host, plain, lambda: None, lambda _: None))
    yield found
    found.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing.push, "__defaults__", (lambda _: None,))
    monkeypatch.setattr(pushing.pull, "__defaults__", (lambda _: None,))


def test_a_push_is_read_back(store: EngineStore, name: str, registries: Registries, proxy: Proxy) -> None:
    digest = store.push(name, registries)
    assert registries.existing([name]) == {name: digest}
    sent = len(proxy.uploads())
    assert sent >= 2
    assert store.push(name, registries) == digest
    assert len(proxy.uploads()) == sent


def test_what_was_pushed_can_be_pulled(store: EngineStore, name: str, registries: Registries) -> None:
    store.push(name, registries)
    identity = store.engine.image_id(name)
    store.engine.untag(name)
    assert store.existing([name]) == {}
    store.pull(name, registries)
    assert store.existing([name]) == {name: identity}


PASSING = [
    Fault("PUT", "/manifests/", 500, 1),
    Fault("PUT", "/manifests/", 503, 1),
    Fault("PUT", "/manifests/", 429, 1),
    Fault("PUT", "/manifests/", 0, 1, "cut"),
    Fault("POST", "/blobs/uploads/", 500, 1),
    Fault("PUT", "/blobs/uploads/", 502, 1),
    Fault("HEAD", "/blobs/", 0, 1, "cut"),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda each: f"{each.method} {each.path} {each.status}{each.kind}")
def test_what_can_pass_is_tried_again(
    fault: Fault, store: EngineStore, name: str, registries: Registries, proxy: Proxy
) -> None:
    proxy.faults = [Fault(fault.method, fault.path, fault.status, 1, fault.kind)]
    digest = store.push(name, registries)
    assert proxy.faults[0].times == 0
    assert registries.existing([name]) == {name: digest}


LASTING = [
    (Fault("PUT", "/manifests/", 401), 1),
    (Fault("PUT", "/manifests/", 403), 1),
    (Fault("PUT", "/manifests/", 400), 1),
    (Fault("PUT", "/manifests/", 500), 6),  # each of our three attempts; containerd asks again itself
    (Fault("GET", "/manifests/", kind="digest"), 1),
    (Fault("GET", "/manifests/", 404), 1),
]


@pytest.mark.parametrize(
    ("fault", "most"), LASTING, ids=[f"{each.method} {each.status}{each.kind}" for each, _ in LASTING]
)
def test_what_lasts_is_an_error(
    fault: Fault, most: int, store: EngineStore, name: str, registries: Registries, proxy: Proxy
) -> None:
    proxy.faults = [Fault(fault.method, fault.path, fault.status, 999, fault.kind)]
    with pytest.raises(RegistryError):
        store.push(name, registries)
    assert (
        sum(each == ("PUT", f"/v2/{name.partition('/')[2].replace(':', '/manifests/')}") for each in proxy.seen) <= most
    )


def test_an_upload_that_stalls_is_no_success_and_does_not_hang(
    store: EngineStore, name: str, registries: Registries, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "SILENCE_SECONDS", 0.5)
    # containerd sends a blob with the request that ends the upload.
    proxy.faults = [Fault(method, "/blobs/uploads/", 0, 99, "stall") for method in ("PATCH", "PUT")]
    with pytest.raises(RegistryError, match=r"the engine said nothing (new )?for 0.5 s"):
        store.push(name, registries)
    assert registries.existing([name]) == {}


@pytest.mark.parametrize("moves", [False, True])
def test_the_same_words_again_and_again_are_silence(monkeypatch: pytest.MonkeyPatch, moves: bool) -> None:
    monkeypatch.setattr(pushing, "SILENCE_SECONDS", 0.05)

    def lines() -> Iterator[bytes]:
        for number in range(20):
            time.sleep(0.01)
            for each in ("a", "b"):
                yield json.dumps({"id": each, "status": "Pushing", "done": number if moves else 0}).encode()
        yield b'{"aux": {"Digest": "sha256:x"}}'

    found = pushing._answer(lines())
    assert found == ("sha256:x" if moves else Failure("the engine said nothing new for 0.05 s"))


def test_another_image_under_the_name_is_no_success(
    store: EngineStore, name: str, registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbuild.builders.engine_store.push", lambda client, name: "sha256:" + "0" * 64)
    with pytest.raises(RegistryError, match="nothing there"):
        store.push(name, registries)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("received unexpected HTTP status: 500 Internal Server Error", 500),
        ("failed to do request: unexpected status from PUT request to http://r/v2/x/manifests/t: 503 Service", 503),
        ("error parsing HTTP 429 response body: toomanyrequests: slow down", 429),
        ("unauthorized: authentication required", 401),
        ("no basic auth credentials", 401),
        ("denied: requested access to the resource is denied", 403),
        ("manifest for x:y not found: manifest unknown: manifest unknown", 404),
        ("dial tcp 127.0.0.1:1: connect: connection refused", 0),
        ("unexpected EOF", 0),
        ("net/http: TLS handshake timeout", 0),
        ("blob unknown: blob unknown to registry", 0),
        ("blob upload invalid", 0),
        ("tag does not exist: x", 404),
        ("something else", 400),
    ],
)
def test_what_the_engine_says(said: str, status: int) -> None:
    assert failure_of(said).status == status
