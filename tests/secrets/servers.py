"""Servers on loopback that want credentials, and note which they were given: git's, a proxy, a registry with TLS."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import ssl
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.registry.server import Proxy, _Handler

_ENDED = (ConnectionResetError, BrokenPipeError, ssl.SSLError)


@dataclass(slots=True)
class Noted:
    """One server. host: HOST:PORT. headers: every header that came, with what HTTP Basic holds decoded."""

    host: str = ""
    headers: list[str] = field(default_factory=list)

    def saw(self, text: str) -> bool:
        """Whether a header had this text."""
        return any(text in each for each in self.headers)

    def note(self, name: str, value: str) -> None:
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "basic":
            value = base64.b64decode(rest).decode()
        self.headers.append(f"{name}: {value}")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(*_ENDED), self._connected(request) as connection:
            super().finish_request(connection, client_address)

    def _connected(self, request: Any) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext(request) if self.tls is None else self.tls.wrap_socket(request, server_side=True)


@contextlib.contextmanager
def _running(handler: type, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[str]:
    server = _Server((address, 0), handler)
    server.tls = tls
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"{address}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Asking(http.server.BaseHTTPRequestHandler):
    """Wants credentials, and has nothing for whoever gives some; as a proxy where the request is for another host."""

    protocol_version = "HTTP/1.1"
    noted: Noted
    content: bytes | None = None

    def log_message(self, *args: object) -> None:
        pass

    def answer(self) -> None:
        for name, value in self.headers.items():
            self.noted.note(name, value)
        proxy = self.command == "CONNECT" or self.path.startswith("http")
        if self._is_given("Proxy-Authorization" if proxy else "Authorization"):
            self._send(502 if proxy else 404 if self.content is None else 200, self.content or b"")
        elif proxy:
            self._send(407, b"", "Proxy-Authenticate")
        else:
            self._send(401, b"", "WWW-Authenticate")

    def _is_given(self, header: str) -> bool:
        """Whether a name and a password came: with a name alone, git asks for the other."""
        given = self.headers.get(header, "").partition(" ")[2]
        return bool(given) and not base64.b64decode(given).endswith(b":")

    def _send(self, status: int, content: bytes, wanting: str = "") -> None:
        self.send_response(status)
        if wanting:
            self.send_header(wanting, 'Basic realm="here"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_CONNECT = answer  # noqa: N815


@contextlib.contextmanager
def asking(address: str = "127.0.0.1", content: bytes | None = None) -> Iterator[Noted]:
    """Run a server that wants a name and a password. content: what it has for those who give some."""
    noted = Noted()
    handler = type("Handler", (_Asking,), {"noted": noted, "content": content})
    with _running(handler, address) as noted.host:
        yield noted


class _Gate(_Handler):
    """Stands before a registry, and lets through who has the right credentials."""

    noted: Noted
    account: str
    token: str
    identity: str

    def forward(self) -> None:
        for name, value in self.headers.items():
            self.noted.note(name, value)
        given = self.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(self.account.encode()).decode()
        if self.identity and self.path.startswith("/token"):
            form = dict(urllib.parse.parse_qsl(self._body().decode()))
            right = {
                "grant_type": "refresh_token",
                "refresh_token": self.identity,
                "service": "x",
                "scope": "repository:shop/api:pull,push",
            }
            good = self.command == "POST" and right.items() <= form.items()
            self._answer(200 if good else 401, [], json.dumps({"access_token": self.token}).encode() if good else b"{}")
        elif self.path.startswith("/token"):
            body = json.dumps({"token": self.token}).encode() if given == basic else b"{}"
            self._answer(200 if given == basic else 401, [], body)
        elif given == (f"Bearer {self.token}" if self.token else basic):
            self.headers["X-Forwarded-Proto"] = "https"
            super().forward()
        else:
            self._body()
            way = f'Bearer realm="https://{self.noted.host}/token",service="x"' if self.token else 'Basic realm="x"'
            way += ',scope="repository:shop/api:pull,push"' if self.identity else ""
            self._answer(401, [("WWW-Authenticate", way)], b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815


@contextlib.contextmanager
def gate(upstream: str, tls: ssl.SSLContext, account: str = "", token: str = "", identity: str = "") -> Iterator[Noted]:
    """Put TLS and a question for credentials before a registry.

    account: NAME:PASSWORD. token: what an account gets for its password, and has to show then; "": Basic alone.
    identity: what it gets the token for instead, by OAuth2.
    """
    noted, proxy = Noted(), Proxy()
    values = {"noted": noted, "proxy": proxy, "upstream": upstream, "stop": threading.Event()}
    with _running(
        type("Gate", (_Gate,), {**values, "account": account, "token": token, "identity": identity}), tls=tls
    ) as host:
        noted.host = proxy.host = host
        yield noted


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for 127.0.0.1; returns its file, for clients, and what a server needs."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    return cert, tls
