"""Whatever an engine sends, nobody waits for ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

from mbuild.builders.kit.channel import Channel, Gone, Stream

SECONDS = 10


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    yield here, there
    there.close()


def _answered(pair: tuple[socket.socket, socket.socket], headers: list[tuple[bytes, bytes]]) -> tuple[Channel, Stream]:
    """Return a call of which the answer begins with these headers."""
    here, there = pair
    channel = Channel(here, client=True)
    stream = channel.call("/some.Service/Method", b"")
    engine = H2Connection(H2Configuration(client_side=False, header_encoding=None, validate_outbound_headers=False))
    engine.initiate_connection()
    called = False
    while not called:
        called = any(isinstance(each, RequestReceived) for each in engine.receive_data(there.recv(1 << 16)))
    engine.send_headers(1, headers)
    there.sendall(engine.data_to_send())
    return channel, stream


def _received(stream: Stream) -> Exception | bytes | None:
    """Return what comes of waiting for a message. Fails where nothing ever does."""
    found: list[Exception | bytes | None] = []

    def receive() -> None:
        try:
            found.append(stream.receive())
        except Gone as error:
            found.append(error)

    waiting = threading.Thread(target=receive, daemon=True)
    waiting.start()
    waiting.join(SECONDS)
    assert found, "still waiting"
    return found[0]


def test_headers_that_are_no_text_end_the_connection(pair: tuple[socket.socket, socket.socket]) -> None:
    channel, stream = _answered(pair, [(b":status", b"200"), (b"grpc-message", b"\xff")])
    error = _received(stream)
    assert isinstance(error, Gone)
    assert "decode" in str(error)
    with pytest.raises(Gone):
        channel.call("/some.Service/Method", b"")
