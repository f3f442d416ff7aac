"""A socket between a client and a Docker Engine that counts what is sent and what is asked."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE) (/\S*) HTTP/1\.[01]\r\n")
CHUNK = 1 << 16
PATIENCE = 5
"""Seconds to wait for clients at the end."""


@dataclass(slots=True)
class Counted:
    """sent: bytes to the engine. asked: the paths of their requests, in order. at: when each came first."""

    sent: int = 0
    asked: list[str] = field(default_factory=list)
    at: dict[str, float] = field(default_factory=dict)

    def clear(self) -> None:
        self.sent = 0
        self.asked.clear()
        self.at.clear()

    def take(self, data: bytes) -> None:
        """Count what a client has sent."""
        self.sent += len(data)
        for path in (each.decode() for each in REQUEST.findall(data)):
            self.asked.append(path)
            self.at.setdefault(path, time.perf_counter())


@contextlib.contextmanager
def counting(engine: str, place: Path) -> Iterator[Counted]:
    """Listen at ``place`` for clients of the engine whose unix socket is at ``engine``."""
    counted = Counted()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen(64)
        accepting = threading.Thread(target=_accept, args=(listener, engine, counted))
        accepting.start()
        try:
            yield counted
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            place.unlink()


def _accept(listener: socket.socket, engine: str, counted: Counted) -> None:
    """Serve until the listener is shut down, and wait for the clients that are left."""
    serving: list[threading.Thread] = []
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            serving.append(threading.Thread(target=_serve, args=(client, engine, counted), daemon=True))
            serving[-1].start()
    for each in serving:
        each.join(PATIENCE)


def _serve(client: socket.socket, engine: str, counted: Counted) -> None:
    with client, socket.socket(socket.AF_UNIX) as server:
        server.connect(engine)
        back = threading.Thread(target=_pass, args=(server, client, None), daemon=True)
        back.start()
        _pass(client, server, counted)
        back.join()


def _pass(source: socket.socket, target: socket.socket, counted: Counted | None) -> None:
    """Pass on everything, then the end."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            if counted:
                counted.take(data)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
