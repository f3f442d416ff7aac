"""Asks an engine on a local socket a question, without a client library: importing one takes longer than the answer.

As HTTP/1.0 (RFC 1945): what is answered ends where the connection does, and is never sent in chunks.
"""

from __future__ import annotations

import json
import socket
from typing import Any

_PIECE = 1 << 18


def ask(path: str, question: str, seconds: float, *, absent: Any = None) -> Any:
    """Return the JSON that ``GET question`` is answered with; None for any other answer than that.

    path: of the socket. seconds: how long each part of the answer may take. absent: what is returned where there is no
    such thing (404). Raises OSError where nobody answers.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(path)
        connection.sendall(f"GET {question} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n".encode())
        pieces = list(iter(lambda: connection.recv(_PIECE), b""))
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    code = status.split(b" ")[1:2]
    if code == [b"404"]:
        return absent
    if code != [b"200"] or any(each.lower().startswith(b"transfer-encoding:") for each in headers):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
