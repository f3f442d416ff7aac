"""A real registry on loopback (Debian's ``docker-registry``), and a proxy before it that fails on demand."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONFIGURATION = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
CONTENT = "content"
PATIENCE_SECONDS = 20


def program() -> str | None:
    """Return the registry's program, None where it is not installed."""
    return shutil.which("docker-registry") or shutil.which("registry")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(folder: Path, users: str = "") -> Iterator[str]:
    """Run a registry that keeps its content in a folder; yields HOST:PORT. users: as htpasswd has them, if any."""
    found, port = program(), free_port()
    assert found is not None
    file = folder / "registry.yml"
    file.write_text(CONFIGURATION.format(folder=folder / CONTENT, port=port))
    if users:
        (folder / "users").write_text(users)
        with file.open("a") as more:
            more.write(f"auth: {{htpasswd: {{realm: test, path: {folder / 'users'}}}}}\n")
    process = subprocess.Popen([found, "serve", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the registry does not answer")


@dataclass(slots=True)
class Fault:
    """What goes wrong with requests of a method on paths that a pattern finds, so many times.

    status: answer this; 0: do what ``kind`` says. kind: ``cut`` (close in the middle, or without an answer),
    ``stall`` (say nothing), ``digest`` (another body than was stored, with the header of the right one).
    """

    method: str
    path: str
    status: int = 0
    times: int = 1
    kind: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and re.search(self.path, path) is not None


@dataclass(slots=True)
class Proxy:
    """host: where it listens. seen: (method, path) of every request. faults: what goes wrong, the first that fits."""

    host: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def uploads(self) -> list[str]:
        """Return the paths to which blobs were sent."""
        return [path for method, path in self.seen if method in ("PUT", "PATCH") and "/blobs/uploads/" in path]

    def fault(self, method: str, path: str) -> Fault | None:
        self.seen.append((method, path))
        found = next((each for each in self.faults if each.fits(method, path)), None)
        if found is not None:
            found.times -= 1
        return found


@contextlib.contextmanager
def proxied(upstream: str, stop: threading.Event) -> Iterator[Proxy]:
    """Stand between clients and a registry. stop: ends stalls."""
    proxy = Proxy()
    server = _Server(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy, "upstream": upstream, "stop": stop})
    )
    server.daemon_threads = True
    proxy.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that are gone: some of the tests end them."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(http.server.BaseHTTPRequestHandler):
    """Hands on requests, unless one has to fail."""

    protocol_version = "HTTP/1.1"
    raw_requestline: bytes
    proxy: Proxy
    upstream: str
    stop: threading.Event

    def log_message(self, *args: object) -> None:
        pass

    def parse_request(self) -> bool:
        """Answer a client that begins with TLS as servers of Go do: containerd then asks without."""
        if self.raw_requestline.startswith(b"\x16\x03"):
            text = b"Client sent an HTTP request to an HTTPS server.\n"
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\n" + text)
            self.close_connection = True
            return False
        return super().parse_request()

    def forward(self) -> None:
        fault = self.proxy.fault(self.command, self.path)
        body = self._body()
        if fault is None or fault.kind == "digest":
            self._pass_on(body, b"{}" if fault else None)
        elif fault.kind == "stall":
            self.stop.wait(PATIENCE_SECONDS)
            self.close_connection = True
        elif fault.kind == "cut":
            if self.command == "GET":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
            self.close_connection = True
        else:
            self._answer(fault.status, fault.headers.items(), b"")

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _pass_on(self, body: bytes, instead: bytes | None) -> None:
        with contextlib.closing(http.client.HTTPConnection(self.upstream, timeout=PATIENCE_SECONDS)) as connection:
            self._ask(connection, body, instead)

    def _ask(self, connection: http.client.HTTPConnection, body: bytes, instead: bytes | None) -> None:
        names = dict.fromkeys(name for name in self.headers if name.lower() not in _HOP)
        headers = {name: ", ".join(self.headers.get_all(name, [])) for name in names}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read() if instead is None else instead
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        kept = [pair for pair in answer.getheaders() if pair[0].lower() not in _HOP]
        moved = [(name, value.replace(self.upstream, self.proxy.host)) for name, value in kept]
        self._answer(answer.status, moved, content, length)

    def _answer(
        self, status: int, headers: Iterable[tuple[str, str]], content: bytes, length: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815


_HOP = frozenset(("host", "connection", "content-length", "transfer-encoding", "accept-encoding"))
