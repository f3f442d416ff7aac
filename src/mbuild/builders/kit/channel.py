"""gRPC over a connection that an engine has handed over (``POST /grpc``, ``POST /session``), in either direction.

gRPC is HTTP/2 with messages of five bytes of prefix (github.com/grpc/grpc ``doc/PROTOCOL-HTTP2.md``). One thread reads;
whoever sends does so on a thread of its own, under one lock.
"""

from __future__ import annotations

import contextlib
import socket
import string
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mbuild.builders.kit.hijack import Connection

if TYPE_CHECKING:
    from h2.connection import H2Connection

_CHUNK = 1 << 18
_WINDOW = (1 << 24) - 1
_PREFIX = 5
_GATHER = 1 << 14
_AS_IT_IS = string.punctuation.replace("%", "") + " "

UNKNOWN, NOT_FOUND, ABORTED, UNIMPLEMENTED = 2, 5, 10, 12
"""gRPC's codes (github.com/grpc/grpc ``doc/statuscodes.md``)."""

Headers = dict[str, list[str]]


class Gone(Exception):  # noqa: N818 - says what is so
    """The connection, or the stream, has ended before its time."""


class Stream:
    """One call. Messages come in through ``receive`` and go out through ``send``."""

    def __init__(self, channel: Channel, number: int, headers: Headers) -> None:
        """Begin with the headers of whoever has called."""
        self.headers = headers
        self.trailers: Headers = {}
        self._channel = channel
        self._number = number
        self._data = bytearray()
        self._messages: deque[bytes] = deque()
        self._ended = False
        self._came = threading.Condition(channel.lock)

    @property
    def path(self) -> str:
        """The method that is called."""
        return self.headers[":path"][0]

    def receive(self) -> bytes | None:
        """Wait for the next message; None: there are no more. Raises Gone."""
        with self._came:
            while not self._messages:
                if self._ended:
                    return None
                self._channel.wait(self._came)
            return self._messages.popleft()

    def receive_all(self) -> list[bytes]:
        """Wait for messages and return all that have come; none: there are no more. Raises Gone."""
        first = self.receive()
        if first is None:
            return []
        with self._came:
            found = [first, *self._messages]
            self._messages.clear()
        return found

    def send(self, messages: Iterable[bytes], *, end: bool = False) -> None:
        """Send messages, as many as fit in a frame together. Raises Gone."""
        gathered = bytearray()
        for each in messages:
            gathered += b"\0" + len(each).to_bytes(4, "big") + each
            if len(gathered) >= _GATHER:
                self._channel.send(self._number, gathered, end=False)
                gathered = bytearray()
        if gathered or end:
            self._channel.send(self._number, gathered, end=end)

    def answer(self, message: bytes) -> None:
        """Answer a call that the other side has made, and end it. Raises Gone."""
        self.send([message])
        self.finish()

    def finish(self, status: int = 0, text: str = "") -> None:
        """End a call that the other side has made. status: one of gRPC's codes. Raises Gone."""
        said = quote(text, safe=_AS_IT_IS, errors="replace")
        trailers = [("grpc-status", str(status)), *([("grpc-message", said)] if text else [])]
        self._channel.headers(self._number, trailers, end=True)

    def reset(self) -> None:
        """Give the call up: nothing more comes."""
        with contextlib.suppress(Gone), self._came:
            self.over()
            self._channel.reset(self._number)

    def took(self, data: bytes) -> None:
        """Take in what has come, in pieces of any size."""
        self._data += data
        while len(self._data) >= _PREFIX:
            end = _PREFIX + int.from_bytes(self._data[1:_PREFIX], "big")
            if len(self._data) < end:
                return
            self._messages.append(bytes(self._data[_PREFIX:end]))
            del self._data[:end]
            self._came.notify_all()

    def over(self) -> None:
        """Note that nothing more comes."""
        self._ended = True
        self._came.notify_all()

    def look(self) -> None:
        """Have whoever waits look again."""
        self._came.notify_all()


class Channel:
    """One connection. serve: called on a thread of its own for every call from the other side."""

    def __init__(self, connection: Connection, *, client: bool, serve: Callable[[Stream], None] | None = None) -> None:
        """Start HTTP/2 on a connected socket, which is the channel's from now on."""
        from h2 import events
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.settings import SettingCodes

        self._socket = connection
        self._serve = serve
        self._broken = False
        self._why = "the engine closed the connection"
        self._streams: dict[int, Stream] = {}
        self.lock = threading.RLock()
        self._room_came = threading.Condition(self.lock)
        self._takers: dict[type, Callable[[Any], None]] = {
            events.RequestReceived: self._called,
            events.DataReceived: self._came,
            events.ResponseReceived: self._headed,
            events.TrailersReceived: self._headed,
            events.StreamEnded: self._ended,
            events.StreamReset: self._ended,
            events.WindowUpdated: lambda _: self._room_came.notify_all(),
            events.RemoteSettingsChanged: lambda _: self._room_came.notify_all(),
        }
        config = H2Configuration(client_side=client, header_encoding="utf-8", validate_inbound_headers=False)
        self._http: H2Connection = H2Connection(config)
        self._http.local_settings.update({SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        with self.lock:
            self._http.initiate_connection()
            self._http.increment_flow_control_window(_WINDOW)
            self._flush()
        threading.Thread(target=self._read, daemon=True).start()

    def call(self, path: str, message: bytes) -> Stream:
        """Call a method of the other side with one message. Raises Gone."""
        base = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
        with self.lock:
            self._check()
            number = self._http.get_next_available_stream_id()
            stream = self._streams[number] = Stream(self, number, {":path": [path]})
            self.headers(number, [*base, ("te", "trailers"), ("content-type", "application/grpc")])
        stream.send([message], end=True)
        return stream

    def headers(self, number: int, headers: list[tuple[str, str]], *, end: bool = False) -> None:
        """Send headers or trailers. Raises Gone."""
        with self.lock:
            self._attempt(lambda: self._http.send_headers(number, headers, end_stream=end))

    def reset(self, number: int) -> None:
        """Cancel a stream. Raises Gone."""
        with self.lock:
            self._attempt(lambda: self._http.reset_stream(number, 8))

    def send(self, number: int, data: bytes | bytearray, *, end: bool) -> None:
        """Send data as fast as the other side takes it. Raises Gone."""
        view = memoryview(data)
        while True:
            with self.lock:
                room = self._room(number)
                while view and not room:
                    self.wait(self._room_came)
                    room = self._room(number)
                part, view = bytes(view[:room]), view[room:]
                final = end and not view
                self._attempt(lambda part=part, final=final: self._http.send_data(number, part, end_stream=final))  # type: ignore[misc]
            if not view:
                return

    def wait(self, something: threading.Condition) -> None:
        """Wait, with ``lock`` held, until something has come in. Raises Gone."""
        self._check()
        something.wait()
        self._check()

    def close(self) -> None:
        """End the connection at once."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _room(self, number: int) -> int:
        from h2.exceptions import ProtocolError

        self._check()
        try:
            return min(self._http.local_flow_control_window(number), self._http.max_outbound_frame_size)
        except ProtocolError as error:
            raise Gone(str(error)) from error

    def _check(self) -> None:
        if self._broken:
            raise Gone(self._why)

    def _attempt(self, act: Callable[[], object]) -> None:
        from h2.exceptions import ProtocolError

        self._check()
        try:
            act()
            self._flush()
        except (ProtocolError, OSError) as error:
            raise Gone(str(error)) from error

    def _flush(self) -> None:
        data = self._http.data_to_send()
        if data:
            self._socket.sendall(data)

    def _read(self) -> None:
        try:
            while data := self._socket.recv(_CHUNK):
                with self.lock:
                    for event in self._http.receive_data(data):
                        if take := self._takers.get(type(event)):
                            take(event)
                    self._flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must reach those who wait
            self._why = f"{self._why}: {error}"
        with self.lock:
            self._broken = True
            self._room_came.notify_all()
            for stream in self._streams.values():
                stream.look()
        self._socket.close()

    def _called(self, event: Any) -> None:
        self._begin(int(event.stream_id or 0), _by_name(event.headers))

    def _came(self, event: Any) -> None:
        self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if stream := self._streams.get(event.stream_id):
            stream.took(event.data)

    def _headed(self, event: Any) -> None:
        if stream := self._streams.get(event.stream_id):
            stream.trailers |= _by_name(event.headers)

    def _ended(self, event: Any) -> None:
        if stream := self._streams.pop(event.stream_id, None):
            stream.over()
            self._room_came.notify_all()  # who sends to it must not wait for it

    def _begin(self, number: int, headers: Headers) -> None:
        stream = self._streams[number] = Stream(self, number, headers)
        assert self._serve is not None
        threading.Thread(target=self._answer, args=(self._serve, stream, number), daemon=True).start()

    def _answer(self, serve: Callable[[Stream], None], stream: Stream, number: int) -> None:
        with contextlib.suppress(Gone):
            self.headers(number, [(":status", "200"), ("content-type", "application/grpc")])
            serve(stream)


def _by_name(headers: Any) -> Headers:
    found: Headers = {}
    for name, value in headers or ():
        found.setdefault(name, []).append(value)
    return found
