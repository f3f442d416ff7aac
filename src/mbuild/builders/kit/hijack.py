"""Takes a connection over from an engine's HTTP interface, as ``docker`` does for builds (``Upgrade: h2c``)."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any, Protocol

from mbuild.values import dataclass

_LIMIT = 1 << 16
_SECONDS = 10


class Connection(Protocol):
    """What is used of a connected ``socket.socket``."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Set how long one call may wait."""

    def recv(self, size: int, /) -> bytes:
        """Wait for data; b"" at its end."""

    def sendall(self, data: bytes, /) -> None:
        """Send data."""

    def shutdown(self, how: int, /) -> None:
        """End the connection at once."""

    def close(self) -> None:
        """Give the socket back."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens. place: a socket's path, or host and port. tls: a ``docker.tls.TLSConfig``, or None."""

    place: str | tuple[str, int]
    tls: Any = None


def address_of(host: str, tls: Any = None) -> Address | None:
    """Return where to connect to; None: not by a socket (ssh, named pipes). host: as in DOCKER_HOST."""
    if host.startswith("unix://"):
        return Address(host.removeprefix("unix://"))
    name, _, port = host.removeprefix("tcp://").rpartition(":")
    if host.startswith("tcp://") and name and port.isascii() and port.isdigit():
        return Address((name.strip("[]"), int(port)), tls)
    return None


def take_over(address: Address, path: str, headers: Sequence[tuple[str, str]] = ()) -> Connection:
    """Return a connection on which the engine speaks HTTP/2. Raises OSError."""
    raw = _connected(address.place)
    try:
        connection = _encrypted(raw, address)
        lines = [f"POST {path} HTTP/1.1", "Host: docker", "Connection: Upgrade", "Upgrade: h2c"]
        lines += [f"{name}: {value}" for name, value in headers]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = _head(connection)
        if not answer.startswith((b"HTTP/1.1 101 ", b"HTTP/1.0 101 ")):
            raise OSError(f"the engine does not hand over {path}: {answer.decode('latin-1').splitlines()[:1]}")
        connection.settimeout(None)
    except BaseException:
        raw.close()
        raise
    return connection


def _connected(place: str | tuple[str, int]) -> socket.socket:
    if isinstance(place, tuple):
        return socket.create_connection(place, _SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_SECONDS)
        connection.connect(place)
    except BaseException:
        connection.close()
        raise
    return connection


def _encrypted(connection: socket.socket, address: Address) -> Connection:
    if address.tls is None:
        return connection
    from mbuild.builders.kit.tls import Encrypted  # ssl takes a while to import

    return Encrypted(connection, address.place[0], address.tls)


def _head(connection: Connection) -> bytes:
    """Read the answer's head byte by byte: what follows is HTTP/2's already."""
    found = bytearray()
    while not found.endswith(b"\r\n\r\n") and len(found) < _LIMIT:
        byte = connection.recv(1)
        if not byte:
            raise OSError("the engine closed the connection")
        found += byte
    return bytes(found)
