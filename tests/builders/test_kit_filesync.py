"""The sending side of the directory sync, over a real connection: this end asks as an engine does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded

from mbuild.builders.kit.channel import Channel, Stream
from mbuild.builders.kit.filesync import Folder, Sending
from mbuild.builders.kit.wire import fields, integer

STAT, REQUEST, DATA, FINISHED, FAILED = 0, 1, 2, 3, 4
"""``PACKET_*`` of tonistiigi/fsutil ``types/wire.proto``."""

SECONDS = 20
FILES = tuple((f"f{number:04}", b"%d\n" % number * (number % 7)) for number in range(400))

Packet = dict[int, object]


@dataclass
class Other:
    """The receiving end. told: the bytes sent so far, each time that was told."""

    socket: socket.socket
    told: list[int]
    _http: H2Connection = field(default_factory=lambda: H2Connection(H2Configuration(header_encoding="utf-8")))
    _data: bytes = b""
    _ended: bool = False

    def call(self) -> None:
        self._http.initiate_connection()
        names = (":method", "POST"), (":scheme", "http"), (":path", "/Sync"), (":authority", "x")
        self._http.send_headers(1, names)
        self.socket.sendall(self._http.data_to_send())

    def receive(self) -> bytes | None:
        """Return the next message, None where there are no more."""
        while len(self._data) < 5 or len(self._data) < 5 + int.from_bytes(self._data[1:5], "big"):
            if self._ended:
                return None
            for event in self._http.receive_data(self.socket.recv(1 << 16)):
                if isinstance(event, DataReceived):
                    self._data += event.data
                    self._http.acknowledge_received_data(event.flow_controlled_length, 1)
                self._ended |= isinstance(event, StreamEnded)
            self.socket.sendall(self._http.data_to_send())
        end = 5 + int.from_bytes(self._data[1:5], "big")
        found, self._data = self._data[5:end], self._data[end:]
        return found

    def packet(self) -> Packet:
        found = self.receive()
        assert found is not None
        return dict(fields(found))

    def listing(self) -> list[str]:
        """Take the list of entries, which an empty packet ends."""
        names = []
        while stat := self.packet().get(2):
            assert isinstance(stat, bytes)
            name = dict(fields(stat))[1]
            assert isinstance(name, bytes)
            names.append(name.decode())
        return names

    def ask(self, *packets: tuple[int, int]) -> None:
        """Send packets, each a kind and the number of an entry, all of them at once."""
        found = [integer(1, kind) + integer(3, number) for kind, number in packets]
        self._http.send_data(1, b"".join(b"\0" + len(each).to_bytes(4, "big") + each for each in found))
        self.socket.sendall(self._http.data_to_send())

    def content(self) -> tuple[int, bytes]:
        """Take the content of one file, which a packet without any ends; returns its number, too."""
        whole = b""
        while data := (packet := self.packet()).get(4):
            assert packet[1] == DATA
            assert isinstance(data, bytes)
            whole += data
        number = packet.get(3, 0)
        assert isinstance(number, int)
        return number, whole


@pytest.fixture
def other() -> Iterator[Other]:
    told: list[int] = []

    def serve(stream: Stream) -> None:
        Sending(Folder(0, files=FILES), stream, told.append).run()
        stream.finish()

    here, there = socket.socketpair()
    here.settimeout(SECONDS)
    Channel(there, client=False, serve=serve)
    found = Other(here, told)
    found.call()
    yield found
    here.close()


def test_what_is_asked_for_at_once_is_answered_in_order(other: Other) -> None:
    assert other.listing() == [name for name, _ in FILES]
    wanted = [*range(0, 400, 3), *range(1, 400, 3)]
    other.ask(*((REQUEST, number) for number in wanted))
    assert [other.content() for _ in wanted] == [(number, FILES[number][1]) for number in wanted]


def test_the_end_of_it_comes_after_what_was_asked_for_before(other: Other) -> None:
    other.listing()
    other.ask((REQUEST, 5), (REQUEST, 6), (FINISHED, 0))
    assert [other.content(), other.content()] == [(5, FILES[5][1]), (6, FILES[6][1])]
    assert other.packet() == {1: FINISHED}
    assert other.receive() is None


def test_an_error_of_the_other_side_is_the_end(other: Other) -> None:
    other.listing()
    other.ask((REQUEST, 7), (FAILED, 0), (REQUEST, 8))
    assert other.content() == (7, FILES[7][1])
    assert other.content() == (8, FILES[8][1])
    assert other.receive() is None


def test_what_was_sent_is_told_now_and_then(other: Other) -> None:
    other.listing()
    for number in range(400):
        other.ask((REQUEST, number))
        other.content()
    other.ask((FINISHED, 0))
    assert other.packet() == {1: FINISHED}
    assert other.told == sorted(set(other.told))
    assert other.told[-1] > sum(len(content) for _, content in FILES)


def test_many_small_files_are_told_of_together(other: Other) -> None:
    other.listing()
    other.ask(*((REQUEST, number) for number in range(400)), (FINISHED, 0))
    for _ in range(400):
        other.content()
    assert other.packet() == {1: FINISHED}
    assert len(other.told) < 20
