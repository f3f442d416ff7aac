"""A socket between a client and a Docker Engine that counts what is sent and what is asked."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE) (/\S*) HTTP/1\.[01]\r\n")
CHUNK = 1 << 16


@dataclass(slots=True)
class Counted:
    """sent: bytes from clients to the engine; asked: the paths of their requests, in order."""

    sent: int = 0
    asked: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.sent = 0
        self.asked.clear()


@contextlib.contextmanager
def counting(engine: str, place: Path) -> Iterator[Counted]:
    """Listen at ``place`` for clients of the engine whose unix socket is at ``engine``."""
    counted = Counted()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen(64)
        threading.Thread(target=_accept, args=(listener, engine, counted), daemon=True).start()
        try:
            yield counted
        finally:
            place.unlink()


def _accept(listener: socket.socket, engine: str, counted: Counted) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(engine)
            threading.Thread(target=_forth, args=(client, server, counted), daemon=True).start()
            threading.Thread(target=_pass, args=(server, client), daemon=True).start()


def _forth(client: socket.socket, server: socket.socket, counted: Counted) -> None:
    with contextlib.suppress(OSError):
        while data := client.recv(CHUNK):
            counted.sent += len(data)
            counted.asked += [path.decode() for path in REQUEST.findall(data)]
            server.sendall(data)
    _close(server)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    _close(target)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_WR)
