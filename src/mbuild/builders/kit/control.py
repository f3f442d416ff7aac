"""The calls of BuildKit's control interface that a build needs (``api/services/control/control.proto``)."""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mbuild.builders.kit.channel import Channel, Gone, Headers, Stream
from mbuild.builders.kit.hijack import Address, take_over
from mbuild.builders.kit.trace import decode
from mbuild.builders.kit.wire import fields, last, mapping, message, number_in, text
from mbuild.passed import cache_parts
from mbuild.values import dataclass, field

_SOLVE, _STATUS = "/moby.buildkit.v1.Control/Solve", "/moby.buildkit.v1.Control/Status"
_LINGER_SECONDS = 5
_SOURCE = "errdefs.Source"


@dataclass(frozen=True, slots=True)
class Solved:
    """How a build ended. answer: what the exporter says; error: "" when it succeeded; line: of the Dockerfile, or 0."""

    answer: Mapping[str, str]
    error: str = ""
    line: int = 0


@dataclass(slots=True)
class Solve:
    """One build: what is asked for, and the calls while it runs. cache_from, cache_to: as buildx takes them."""

    session: str
    attributes: Mapping[str, str]
    tags: tuple[str, ...]
    told: Callable[[dict[str, Any]], None]
    cache_from: Sequence[str] = ()
    cache_to: Sequence[str] = ()
    _calls: list[Stream] = field(default_factory=list)

    def run(self, control: Control) -> Solved:
        """Build. Raises Gone."""
        ref = uuid.uuid4().hex
        solving = control.call(_SOLVE, self._request(ref))
        watching = control.call(_STATUS, text(1, ref))
        self._calls += [solving, watching]
        watcher = threading.Thread(target=self._watch, args=(watching,), daemon=True)
        watcher.start()
        answer = solving.receive()
        watcher.join(_LINGER_SECONDS)
        watching.reset()
        return _solved(answer, solving.trailers)

    def cancel(self) -> None:
        """End the build."""
        for each in self._calls:
            each.reset()

    def _watch(self, stream: Stream) -> None:
        try:
            while (update := stream.receive()) is not None:
                self.told(decode(update))
        except (Gone, ValueError):
            pass  # progress is only shown; the answer says how the build ended

    def _request(self, ref: str) -> bytes:
        attributes = {"name": ",".join(self.tags)} if self.tags else {}
        caches = _caches(4, self.cache_to) + _caches(5, self.cache_from)
        return b"".join(
            (
                text(1, ref),
                text(3, "moby"),
                mapping(4, attributes),
                text(5, self.session),
                text(6, "dockerfile.v0"),
                mapping(7, self.attributes),
                message(8, caches),
                message(13, text(1, "moby") + mapping(2, attributes)),
            )
        )


@dataclass(slots=True)
class Control:
    """One connection for all builds of a run, made when it is first needed."""

    address: Address
    _channel: Channel | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, path: str, request: bytes) -> Stream:
        """Call a method. Raises Gone."""
        with self._lock:
            if self._channel is None:
                try:
                    self._channel = Channel(take_over(self.address, "/grpc"), client=True)
                except OSError as error:
                    raise Gone(str(error)) from error
            channel = self._channel
        return channel.call(path, request)

    def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()


def _caches(number: int, described: Sequence[str]) -> bytes:
    """Return fields of ``CacheOptions``."""
    parts = (cache_parts(each) for each in described)
    return b"".join(message(number, text(1, kind) + mapping(2, attributes)) for kind, attributes in parts)


def _solved(answer: bytes | None, trailers: Headers) -> Solved:
    status = trailers.get("grpc-status", [""])[0]
    if answer is not None and status in ("", "0"):
        pairs = (value for number, value in fields(answer) if number == 1 and isinstance(value, bytes))
        return Solved({last(each, 1).decode(): last(each, 2).decode() for each in pairs})
    if not status:
        raise Gone("the engine did not answer")
    error = urllib.parse.unquote(trailers.get("grpc-message", [""])[0])
    return Solved({}, error or "no message", _line(trailers.get("grpc-status-details-bin", [""])[0]))


def _line(details: str) -> int:
    """Return the first line that the error's details name (``google.rpc.Status``, ``errdefs.Source``), or 0."""
    try:
        status = base64.b64decode(details + "=" * (-len(details) % 4))
        for number, each in fields(status):
            if number == 3 and isinstance(each, bytes) and _SOURCE in last(each, 1).decode("utf-8", "replace"):
                line = _first_line(last(each, 2))
                if line:
                    return line
    except (ValueError, KeyError, TypeError):
        pass  # without the line, the message is still there
    return 0


def _first_line(source: bytes) -> int:
    """Return the first line of an ``errdefs.Source``, which engines write as JSON or as protobuf."""
    if source.startswith(b"{"):
        return min((int(each["start"]["line"]) for each in json.loads(source)["ranges"]), default=0)
    starts = [last(value, 1) for number, value in fields(source) if number == 2 and isinstance(value, bytes)]
    return min((number_in(each, 1) for each in starts), default=0)
