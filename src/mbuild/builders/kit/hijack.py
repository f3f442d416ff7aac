"""Takes a connection over from an engine's HTTP interface, as ``docker`` does for builds (``Upgrade: h2c``)."""

from __future__ import annotations

import socket
from collections.abc import Sequence

_LIMIT = 1 << 16
_SECONDS = 10

Address = str | tuple[str, int]


def address_of(host: str, *, tls: bool) -> Address | None:
    """Return where to connect to; None: not by a plain socket (TLS, ssh, named pipes)."""
    if host.startswith("unix://"):
        return host.removeprefix("unix://")
    name, _, port = host.removeprefix("tcp://").rpartition(":")
    if host.startswith("tcp://") and not tls and name and port.isascii() and port.isdigit():
        return name.strip("[]"), int(port)
    return None


def take_over(address: Address, path: str, headers: Sequence[tuple[str, str]] = ()) -> socket.socket:
    """Return a connection on which the engine speaks HTTP/2. Raises OSError."""
    connection = _connected(address)
    try:
        lines = [f"POST {path} HTTP/1.1", "Host: docker", "Connection: Upgrade", "Upgrade: h2c"]
        lines += [f"{name}: {value}" for name, value in headers]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = _head(connection)
        if not answer.startswith((b"HTTP/1.1 101 ", b"HTTP/1.0 101 ")):
            raise OSError(f"the engine does not hand over {path}: {answer.decode('latin-1').splitlines()[:1]}")
        connection.settimeout(None)
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(address: Address) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, _SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_SECONDS)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _head(connection: socket.socket) -> bytes:
    """Read the answer's head byte by byte: what follows is HTTP/2's already."""
    found = bytearray()
    while not found.endswith(b"\r\n\r\n") and len(found) < _LIMIT:
        byte = connection.recv(1)
        if not byte:
            raise OSError("the engine closed the connection")
        found += byte
    return bytes(found)
