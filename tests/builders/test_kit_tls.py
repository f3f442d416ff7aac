"""Engines that listen under TLS, as Docker-in-Docker in CI does: asked by BuildKit's own interface, too."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.tls import TLSConfig

from mbuild.builders.kit.hijack import Address, address_of, take_over
from tests.conftest import EngineUnderTest
from tests.secrets.servers import certificate
from tests.support import Repo


def relay(client: socket.socket, path: str, tls: ssl.SSLContext) -> None:
    """Carry one connection under TLS to a local socket."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as engine:
        engine.connect(path)
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        under, lock = tls.wrap_bio(coming, going, server_side=True), threading.Lock()

        def back() -> None:
            with contextlib.suppress(OSError):
                while data := engine.recv(1 << 16):
                    with lock:
                        under.write(data)
                        client.sendall(going.read())
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

        greeted = False
        while data := client.recv(1 << 16):
            with lock:
                coming.write(data)
                with contextlib.suppress(ssl.SSLWantReadError):
                    if not greeted:
                        under.do_handshake()
                        greeted = True
                        threading.Thread(target=back, daemon=True).start()
                    while greeted and (plain := under.read(1 << 16)):
                        engine.sendall(plain)
                client.sendall(going.read())
    client.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder as DOCKER_CERT_PATH names it, for a client and for the server."""
    found = tmp_path / "certificates"
    found.mkdir()
    cert, _ = certificate(found)
    shutil.copy(cert, found / "ca.pem")
    return found


@pytest.fixture
def host(engine: EngineUnderTest, folder: Path) -> Iterator[str]:
    """Yield where the engine answers under TLS, to clients with a certificate."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    path = engine.host.removeprefix("unix://")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    threading.Thread(target=relay, args=(client, path, tls), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.engine
@pytest.mark.parametrize("verify", ["1", ""])
def test_a_build_under_tls(
    repo: Repo,
    engine: EngineUnderTest,
    project: str,
    host: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    verify: str,
) -> None:
    only_git = folder / "only-git"
    only_git.mkdir()
    (only_git / "git").symlink_to(shutil.which("git") or "git")
    values = {"PATH": str(only_git), "DOCKER_HOST": host, "DOCKER_CERT_PATH": str(folder), "DOCKER_TLS_VERIFY": verify}
    values |= {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}
    config = "images: {base: {}, app: {contexts: {conf: ./conf}, secrets: [{id: a, env: A}]}}"
    repo.write(
        {"build.yaml": f"version: 1\nproject: {project}\n{config}\n", "base/Dockerfile": "FROM scratch\nCOPY x /\n"}
    )
    repo.write({"app/Dockerfile": f"FROM {project}/base\nCOPY --from=conf y /\n", "conf/y": "y"})
    (repo.folder / "base/x").write_bytes(os.urandom(3_000_000))
    with monkeypatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        answer = repo.mbuild("all", "--format", "json", "--retries", "0")
        again = repo.mbuild("all", "--format", "json")
    assert answer.code == 0, answer.err
    # Asked without the variables: with them, not every docker client talks to a local socket.
    assert engine.run("images", "--format", "{{.Tag}}", f"{project}/app").decode().split()
    assert "warn" not in answer.err.lower()
    assert {each["name"]: each["action"] for each in again.json["images"]} == {"app": "reuse", "base": "reuse"}


@pytest.mark.engine
def test_an_engine_that_nobody_vouches_for(
    repo: Repo, host: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(certificate(other)[0], folder / "ca.pem")
    for name, value in {"DOCKER_HOST": host, "DOCKER_CERT_PATH": str(folder), "DOCKER_TLS_VERIFY": "1"}.items():
        monkeypatch.setenv(name, value)
    repo.write(
        {"build.yaml": "version: 1\nproject: p\nimages: {app: {}}\n", "app/Dockerfile": "FROM scratch\nCOPY x /\n"}
    )
    repo.write({"app/x": "x"})
    answer = repo.mbuild("all", "--builder", "docker")
    assert answer.code == 4
    assert answer.err.count("error: ") == 1
    assert "CERTIFICATE_VERIFY_FAILED" in answer.err
    settings = TLSConfig(ca_cert=str(folder / "ca.pem"), verify=True)
    address = address_of(host, settings)
    assert address is not None
    with pytest.raises(ssl.SSLCertVerificationError):
        take_over(address, "/grpc")


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("unix:///run/docker.sock", "/run/docker.sock"),
        ("tcp://docker:2376", ("docker", 2376)),
        ("tcp://[::1]:2376", ("::1", 2376)),
        ("ssh://docker", None),
        ("npipe:////./pipe/docker", None),
        ("tcp://docker", None),
        ("tcp://:1", None),
        ("tcp://docker:x", None),
    ],
)
def test_addresses(host: str, place: str | tuple[str, int] | None) -> None:
    found = address_of(host, "settings")
    assert found == (place and Address(place, None if host.startswith("unix") else "settings"))
