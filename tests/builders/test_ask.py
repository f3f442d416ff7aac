"""Questions to an engine without a client library: what is understood, and that anything else is left to one."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.ask import ask

OK = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"

Answering = Callable[[list[bytes]], Any]


@pytest.fixture
def heard() -> list[bytes]:
    """Return what the server is asked."""
    return []


@pytest.fixture
def answering(tmp_path: Path, heard: list[bytes]) -> Iterator[Callable[..., str]]:
    """Yield what makes a server that sends these pieces to whoever asks, and returns the path of its socket."""
    with contextlib.ExitStack() as stack:

        def serve(*pieces: bytes, hold: bool = False) -> str:
            path = tmp_path / "s"
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(path))
            listener.listen()

            def answer() -> None:
                connection, _ = listener.accept()
                stack.callback(connection.close)
                heard.append(connection.recv(1 << 16))
                for piece in pieces:
                    connection.sendall(piece)
                if not hold:
                    connection.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=answer, daemon=True).start()
            return str(path)

        yield serve


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((OK + b'{"a": 1}',), {"a": 1}),
        ((OK[:9], OK[9:], b'[1, "\xc3', b'\xa9"]'), [1, "é"]),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",), {}),
        ((b"HTTP/1.1 200\r\n\r\n[]",), []),
    ],
)
def test_an_answer(pieces: tuple[bytes, ...], expected: Any, answering: Callable[..., str], heard: list[bytes]) -> None:
    assert ask(answering(*pieces), "/images/json", 5) == expected
    assert heard[0].startswith(b"GET /images/json HTTP/1.0\r\nHost: ")
    assert heard[0].endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00",
        b"HTTP/1.0",
        OK,
        OK + b'[{"Id": "sha256:1"}, {"Id',
        OK + b"\xff\xfe",
        b"HTTP/1.0 404 Not Found\r\n\r\n[]",
        b"HTTP/1.0 500 200 not\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding:gzip\r\n\r\n1",
    ],
)
def test_an_answer_that_is_left_to_a_library(answer: bytes, answering: Callable[..., str]) -> None:
    assert ask(answering(answer), "/info", 5) is None


def test_what_is_not_there_is_told_from_what_is_not_understood(answering: Callable[..., str]) -> None:
    assert ask(answering(b'HTTP/1.0 404 Not Found\r\n\r\n{"message": "x"}'), "/images/x/json", 5, absent={}) == {}


def test_an_answer_that_does_not_come(answering: Callable[..., str]) -> None:
    with pytest.raises(TimeoutError):
        ask(answering(OK, b"[", hold=True), "/info", 0.05)


def test_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ask(str(tmp_path / "none"), "/info", 5)
    with pytest.raises(OSError, match="too long"):
        ask(str(tmp_path / ("x" * 200)), "/info", 5)
