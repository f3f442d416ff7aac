"""Against a real registry, with a proxy in between that fails on demand: nothing is believed that was not read back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mbuild.passed import FINGERPRINT
from mbuild.registry import connection as module
from mbuild.registry.annotations import annotated
from mbuild.registry.connection import Connection
from mbuild.registry.manifest import Manifest, RegistryError
from mbuild.registry.registries import Registries, is_local
from tests.registry.server import Fault, Proxy, free_port

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def registries(waits: list[float]) -> Iterator[Registries]:
    found = Registries(connect=lambda host, plain: Connection(host, plain, lambda: None, waits.append))
    yield found
    found.close()


def image(connection: Connection, repository: str, tag: str, folder: Path, *layers: bytes, about: str = "") -> Manifest:
    """Push an image made of layers, and return its manifest. about: its configuration."""
    blobs = [(about or '{"architecture":"amd64","os":"linux"}').encode(), *layers]
    described = []
    for data in blobs:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        file = folder / digest
        file.write_bytes(data)
        connection.upload(repository, digest, file)
        described.append({"mediaType": "application/octet-stream", "digest": digest, "size": len(data)})
    value = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
    manifest = Manifest.of(json.dumps(value).encode(), MANIFEST)
    connection.put(repository, tag, manifest)
    return manifest


def to(registries: Registries, host: str) -> Connection:
    return registries._of(f"{host}/x")


def test_what_exists_is_told_with_its_digest(registries: Registries, registry: str, tmp_path: Path) -> None:
    manifest = image(to(registries, registry), "shop/api", "v1", tmp_path, b"layer")
    names = [f"{registry}/shop/api:v1", f"{registry}/shop/api:v2", f"{registry}/shop/web:v1"]
    assert registries.existing(names) == {names[0]: manifest.digest}
    assert registries.existing([]) == {}


def test_many_names_are_asked_for_over_kept_connections(registries: Registries, proxy: Proxy, tmp_path: Path) -> None:
    image(to(registries, proxy.host), "shop/api", "v1", tmp_path, b"layer")
    names = [f"{proxy.host}/shop/api:v{number}" for number in range(100)]
    assert list(registries.existing(names)) == [names[1]]
    assert sum(method == "HEAD" and "/manifests/" in path for method, path in proxy.seen) == 100


def test_a_tag_is_given_by_manifest_alone(registries: Registries, proxy: Proxy, tmp_path: Path) -> None:
    manifest = image(to(registries, proxy.host), "shop/api", "mb-1", tmp_path, b"layer", b"layer", b"other")
    proxy.seen.clear()
    names = [f"{proxy.host}/shop/api:{tag}" for tag in ("v1", "latest")]
    assert registries.promote(f"{proxy.host}/shop/api:mb-1", names) == manifest.digest
    assert registries.existing(names) == dict.fromkeys(names, manifest.digest)
    assert proxy.uploads() == []
    assert not any("/blobs/" in path for _, path in proxy.seen)


def test_another_repository_gets_the_blobs_by_mounting(registries: Registries, proxy: Proxy, tmp_path: Path) -> None:
    connection = to(registries, proxy.host)
    manifest = image(connection, "shop/api", "mb-1", tmp_path, b"layer", b"layer")
    described = [{"mediaType": MANIFEST, "digest": manifest.digest, "size": len(manifest.data)}]
    index = Manifest.of(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": described}).encode(), INDEX)
    connection.put("shop/api", "many", index)
    proxy.seen.clear()
    digest = registries.promote(f"{proxy.host}/shop/api:many", [f"{proxy.host}/release/api:v1"])
    assert digest == index.digest
    assert proxy.uploads() == []
    found = connection.manifest("release/api", "v1")
    assert found is not None
    assert found.data == index.data
    assert connection.manifest("release/api", manifest.digest) == manifest


def test_a_manifest_is_given_whatever_its_first_tag_has_by_now(
    registries: Registries, registry: str, tmp_path: Path
) -> None:
    connection, name = to(registries, registry), f"{registry}/shop/api:v1"
    manifest = image(connection, "shop/api", "mb-1", tmp_path, b"layer")
    image(connection, "shop/api", "mb-1", tmp_path, b"other")
    registries.give(f"{registry}/shop/api:mb-1", manifest, name)
    assert registries.existing([name]) == {name: manifest.digest}


def test_promoting_what_is_not_there(registries: Registries, registry: str) -> None:
    with pytest.raises(RegistryError, match=re.escape("shop/api:mb-1: promoting it failed: the registry has nothing")):
        registries.promote(f"{registry}/shop/api:mb-1", [f"{registry}/shop/api:v1"])


def test_promoting_across_registries_is_refused(registries: Registries, registry: str, tmp_path: Path) -> None:
    image(to(registries, registry), "shop/api", "mb-1", tmp_path)
    with pytest.raises(RegistryError, match="it is not in 127"):
        registries.promote(f"{registry}/shop/api:mb-1", ["localhost:1/shop/api:v1"])


def test_what_was_pushed_is_read_back(registries: Registries, registry: str, tmp_path: Path) -> None:
    manifest = image(to(registries, registry), "shop/api", "v1", tmp_path, b"layer")
    name = f"{registry}/shop/api:v1"
    configuration, absent = json.loads(manifest.data)["config"]["digest"], f"sha256:{'0' * 64}"
    assert registries.verified(name, manifest.digest) == manifest
    assert registries.verified(name, configuration, absent) == manifest
    with pytest.raises(RegistryError, match="the registry has sha256:"):
        registries.verified(name, absent)
    with pytest.raises(RegistryError, match="nothing there"):
        registries.verified(f"{registry}/shop/api:v2", manifest.digest)


def labelled(fingerprint: str, built: int) -> str:
    return json.dumps({"built": built, "config": {"Labels": {FINGERPRINT: fingerprint}}})


def pushed_index(connection: Connection, tag: str, *manifests: Manifest) -> Manifest:
    entries = [{"mediaType": MANIFEST, "digest": each.digest, "size": len(each.data)} for each in manifests]
    data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    connection.put("shop/api", tag, found := Manifest.of(data, INDEX))
    return found


OTHERS = [
    (labelled("1", 1), labelled("1", 2), True),
    (labelled("1", 1), labelled("2", 2), False),
    (labelled("1", 1), '{"config": {"Labels": null}}', False),
    ('{"config": {}}', '{"config": null}', False),
    ('{"config": {}}', "no JSON", False),
]


@pytest.mark.parametrize(("ours", "theirs", "will_do"), OTHERS)
@pytest.mark.parametrize("several", [False, True])
def test_another_build_of_the_same_content_under_its_tag_will_do(
    ours: str, theirs: str, will_do: bool, several: bool, registries: Registries, registry: str, tmp_path: Path
) -> None:
    connection, name = to(registries, registry), f"{registry}/shop/api:mb-1"
    pushed, there = (image(connection, "shop/api", "mb-1", tmp_path, about=about) for about in (ours, theirs))
    if several:
        pushed, there = (pushed_index(connection, "mb-1", each) for each in (pushed, there))
    if will_do:
        assert registries.verified(name, pushed.digest) == there
    else:
        with pytest.raises(RegistryError, match=f"pushed {pushed.digest}: the registry has {there.digest}"):
            registries.verified(name, pushed.digest)


def test_what_another_run_has_annotated_meanwhile_stays(registries: Registries, proxy: Proxy, tmp_path: Path) -> None:
    connection, name = to(registries, proxy.host), f"{proxy.host}/shop/api:mb-1"
    pushed = image(connection, "shop/api", "mb-1", tmp_path, b"layer")
    theirs = annotated(pushed, {"revision": "2"})
    connection.put("shop/api", "mb-1", theirs)
    assert registries.annotate(name, pushed.digest, {"revision": "1"}) == theirs.digest
    assert registries.annotate(name, theirs.digest, {"source": "s"}) != theirs.digest, "they know less"


def test_another_run_gives_the_content_tag_right_afterwards(
    registries: Registries, proxy: Proxy, registry: str, tmp_path: Path
) -> None:
    pushed = image(to(registries, proxy.host), "shop/api", "mb-1", tmp_path, b"layer")
    theirs = annotated(pushed, {"revision": "2"})

    class Race(Fault):
        """Has another run put its manifest between a PUT and what reads it back."""

        __slots__ = ()

        def fits(self, method: str, path: str) -> bool:
            if method == "GET" and path.endswith("/mb-1"):
                to(registries, registry).put("shop/api", "mb-1", theirs)
            return False

    proxy.faults = [Race("GET", "")]
    assert registries.put(f"{proxy.host}/shop/api:mb-1", pushed) == theirs
    assert registries.annotate(f"{proxy.host}/shop/api:mb-1", pushed.digest, {"revision": "1"}) == theirs.digest
    with pytest.raises(RegistryError, match="the registry has sha256"):
        to(registries, proxy.host).put("shop/api", "mb-1", pushed)


NO_MANIFESTS = [
    b"",
    b"<html>log in</html>",
    b"[]",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"config": null}',
    b'{"config": {"size": 1}}',
    b'{"layers": {"a": 1}}',
    b'{"layers": ["sha256:0"]}',
    b'{"layers": [{"digest": "sha256:0", "size": "1"}]}',
    b'{"manifests": [{"digest": 0, "size": 1}]}',
]


@pytest.mark.parametrize("sent", NO_MANIFESTS, ids=lambda each: repr(each[:40]))
def test_what_is_no_manifest_is_an_error(
    sent: bytes, registries: Registries, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{registry}/shop/api:v1"
    image(to(registries, registry), "shop/api", "v1", tmp_path)
    read: Any = requests.Response.content
    # What really came is read too, or its connection would stay open.
    monkeypatch.setattr(requests.Response, "content", property(lambda each: (read.fget(each), sent)[1]))
    asked: tuple[Callable[[], object], ...] = (
        lambda: registries.sizes([name]),
        lambda: registries.annotations([name]),
        lambda: registries.verified(name),
    )
    for ask in asked:
        with pytest.raises(RegistryError, match="shop/api:v1: reading it failed: what the registry sends is no manif"):
            ask()


PASSING = [
    Fault("PUT", "/manifests/", 500, 2),
    Fault("PUT", "/manifests/", 429, 1, headers={"Retry-After": "1"}),
    Fault("PUT", "/manifests/", kind="cut"),
    Fault("POST", "/blobs/uploads/", 503, 3),
    Fault("PUT", "/blobs/uploads/", 502),
    Fault("PUT", "/blobs/uploads/", kind="cut"),
    Fault("HEAD", "/blobs/", 500),
    Fault("GET", "/manifests/", 504, 4),
    Fault("GET", "/manifests/", kind="cut"),
    Fault("PUT", "/manifests/", kind="stall"),
    Fault("POST", "/blobs/uploads/", kind="stall"),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda each: f"{each.method} {each.path} {each.status}{each.kind}")
def test_what_can_pass_is_tried_again(
    fault: Fault,
    registries: Registries,
    proxy: Proxy,
    tmp_path: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5 if fault.kind == "stall" else 20)
    times = fault.times
    proxy.faults = [Fault(fault.method, fault.path, fault.status, times, fault.kind, fault.headers)]
    manifest = image(to(registries, proxy.host), "shop/api", "v1", tmp_path, b"layer")
    # On a busy machine other requests, too, may take longer than is waited for an answer here.
    assert len(waits) == times or (fault.kind == "stall" and len(waits) > times)
    assert proxy.faults[0].times == 0
    assert waits[0] == (1 if fault.headers else 0.25)
    proxy.faults = []
    assert registries.verified(f"{proxy.host}/shop/api:v1", manifest.digest) == manifest


LASTING = [
    (Fault("PUT", "/manifests/", 500, 99), 4, "pushing it failed: 500"),
    (Fault("PUT", "/manifests/", 401, 99), 0, "wants credentials over a connection without TLS"),
    (Fault("PUT", "/manifests/", 403, 99), 0, "403"),
    (Fault("PUT", "/manifests/", 400, 99), 0, "400"),
    (Fault("PUT", "/manifests/", 429, 99, headers={"Retry-After": "9999"}), 0, "429"),
    (Fault("GET", "/manifests/", 0, 99, "digest"), 0, "the registry has sha256:"),
    (Fault("GET", "/manifests/", 404, 99), 0, "the registry has nothing there"),
    (Fault("POST", "/blobs/uploads/", 500, 99), 4, "uploading sha256:[0-9a-f]+ failed: 500"),
    (Fault("POST", "/blobs/uploads/", 202, 99), 0, "failed: the registry's answer has no header 'location'"),
    (Fault("PUT", "/manifests/", 0, 99, "stall"), 4, "no answer in time"),
]


@pytest.mark.parametrize(("fault", "waited", "said"), LASTING, ids=[f"{each[0].method} {each[2]}" for each in LASTING])
def test_what_lasts_is_an_error_and_never_a_success(
    fault: Fault,
    waited: int,
    said: str,
    registries: Registries,
    proxy: Proxy,
    tmp_path: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.3 if fault.kind == "stall" else 20)
    proxy.faults = [Fault(fault.method, fault.path, fault.status, 99, fault.kind, fault.headers)]
    with pytest.raises(RegistryError, match=said) as caught:
        image(to(registries, proxy.host), "shop/api", "v1", tmp_path, b"layer")
    met = 99 - proxy.faults[0].times
    assert met == waited + 1 if fault.kind == "stall" else len(waits) == waited
    assert bool(caught.value.problems[0].hints) == (fault.status in (401, 403))


def test_a_file_that_is_not_its_digest_is_noticed(registries: Registries, registry: str, tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"x")
    with pytest.raises(RegistryError, match="has the digest"):
        to(registries, registry).upload("shop/api", f"sha256:{'0' * 64}", file)


def test_a_blob_is_downloaded_or_the_download_fails(registries: Registries, proxy: Proxy, tmp_path: Path) -> None:
    connection = to(registries, proxy.host)
    image(connection, "shop/api", "v1", tmp_path, b"layer" * 1000)
    digest = f"sha256:{hashlib.sha256(b'layer' * 1000).hexdigest()}"
    found = bytearray()
    connection.download("shop/api", digest, found.extend)
    assert found == b"layer" * 1000
    proxy.faults = [Fault("GET", "/blobs/", 0, 1, "digest")]
    with pytest.raises(RegistryError, match="reading sha256"):
        connection.download("shop/api", digest, found.extend)


def test_a_proxy_whose_password_is_not_encoded(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL cannot be parsed, and what libraries quote of it is the beginning of the password."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret#more@proxy.example.com:3128")
    with pytest.raises(RegistryError) as caught:
        Connection("registry.invalid", False, lambda: None, waits.append).digest("shop/web", "v1")
    assert caught.value.problems[0].message == (
        "registry.invalid/shop/web:v1: asking for it failed: "
        "there is no such URL; is that of the proxy in the environment right (HTTPS_PROXY)?"
    )
    assert waits == []


def test_nobody_listens(registries: Registries, waits: list[float]) -> None:
    with pytest.raises(RegistryError, match=r"asking for it failed: .*refused"):
        registries.existing([f"127.0.0.1:{free_port()}/shop/api:v1"])
    assert len(waits) == 4


@pytest.mark.parametrize(
    ("host", "local"),
    [
        *[
            (each, True)
            for each in ("localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000", "[::1]")
        ],
        *[
            (each, False)
            for each in ("docker.io", "localhost.example.com", "10.0.0.1:5000", "registry:5000", "[::2]:1")
        ],
    ],
)
def test_registries_of_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local
