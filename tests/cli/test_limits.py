"""Builds that take too long, stall or meet a registry that has a bad day, with a real engine."""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class Registry(http.server.ThreadingHTTPServer):
    """Answers questions for manifests with one status after the other, the last one again and again; 0: a reset."""

    daemon_threads = True

    def __init__(self, answers: tuple[int, ...], tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.left = list(answers)
        self.tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(20)
        with self.tls.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Answering(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        assert isinstance(self.server, Registry)
        left = self.server.left
        status = left.pop(0) if len(left) > 1 else left[0]
        if status == 0:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return what a server on loopback needs; the engine does not ask who signed it there."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subject = ("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key",
        "-out",
        "certificate",
        *subject,
    ]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context


# BuildKit itself asks six times in a row when it gets a 429.
@pytest.mark.parametrize(
    ("answers", "retries", "last"),
    [
        ((503, 403), 1, "403 Forbidden"),
        ((500, 502, 401), 2, "401 Unauthorized"),
        ((*[429] * 6, 404), 1, "not found"),
        ((0, 403), 1, "403 Forbidden"),
        ((401,), 0, "401 Unauthorized"),
        ((403,), 0, "403 Forbidden"),
        ((503,), 2, "503 Service Unavailable"),
    ],
)
def test_what_a_registry_answers(
    answers: tuple[int, ...],
    retries: int,
    last: str,
    repo: Repo,
    project: str,
    tls: ssl.SSLContext,
    engine: EngineUnderTest,
) -> None:
    with Registry(answers, tls) as registry:
        threading.Thread(target=registry.serve_forever, daemon=True).start()
        repo.commit({"web/Dockerfile": f"FROM 127.0.0.1:{registry.server_port}/{project}:1\n"})
        answer = repo.mbuild("--progress", "plain", "all", "--builder", "buildx", "--retries", "2")
        registry.shutdown()
    assert answer.code == 1
    # Newer BuildKits ask again themselves when they get a 5xx.
    again = answer.err.count("web | trying again in ")
    assert again == retries or (engine.major > 26 and answers[0] in (500, 503) and again < retries)
    assert last in answer.err.splitlines()[-1] or last in answer.err.splitlines()[-2]


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
