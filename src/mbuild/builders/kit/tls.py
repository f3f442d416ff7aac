"""TLS for a connection that one thread reads while others write, which ``ssl.SSLSocket`` does not promise to bear."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

_CHUNK = 1 << 16


class Encrypted:
    """A connected socket under TLS, with what is used of ``socket.socket``. All errors are OSErrors, as ssl's are."""

    def __init__(self, connection: socket.socket, name: str, settings: Any) -> None:
        """Greet the other side. name: whom it has to be; settings: a ``docker.tls.TLSConfig``. Raises OSError."""
        self._socket = connection
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context(settings).wrap_bio(self._coming, self._going, server_hostname=name)
        self._lock = threading.Lock()
        while not self._greeted():
            self._take()

    def settimeout(self, seconds: float | None) -> None:
        """Set how long one call may wait."""
        self._socket.settimeout(seconds)

    def recv(self, size: int) -> bytes:
        """Wait for data; b"" at its end."""
        while (data := self._read(size)) is None:
            self._take()
        return data

    def sendall(self, data: bytes) -> None:
        """Send data."""
        with self._lock:
            self._tls.write(data)
            self._flush()

    def shutdown(self, how: int) -> None:
        """End the connection at once: whoever reads wakes up."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _greeted(self) -> bool:
        with self._lock:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                return False
            finally:
                self._flush()
        return True

    def _read(self, size: int) -> bytes | None:
        with self._lock:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                return None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            finally:
                self._flush()

    def _take(self) -> None:
        data = self._socket.recv(_CHUNK)
        with self._lock:
            if data:
                self._coming.write(data)
            else:
                self._coming.write_eof()

    def _flush(self) -> None:
        if self._going.pending:
            self._socket.sendall(self._going.read())


def _context(settings: Any) -> ssl.SSLContext:
    """Return what docker-py would use (``docker/tls.py``): without ``verify``, the engine is believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca_cert:
        context.load_verify_locations(settings.ca_cert)
    else:
        context.load_default_certs()
    if settings.cert:
        context.load_cert_chain(*settings.cert)
    return context
