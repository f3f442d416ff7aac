"""BuildKit's progress, ``StatusResponse`` (moby/buildkit ``api/services/control/control.proto``), as values.

Only the fields that ``Progress`` knows are read. Returned is what ``--progress=rawjson`` would have said of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mbuild.builders.kit.wire import Value, fields

_Read = Callable[[Value], Any]
_Known = dict[int, tuple[str, _Read]]


def decode(data: bytes) -> dict[str, Any]:
    """Return vertexes, statuses and logs. Raises ValueError for what is no message."""
    found: dict[str, Any] = {}
    for number, value in fields(data):
        if number in _PARTS and isinstance(value, bytes):
            name, known = _PARTS[number]
            found.setdefault(name, []).append(_part(value, known))
    return found


def _part(data: bytes, known: _Known) -> dict[str, Any]:
    return {known[number][0]: known[number][1](value) for number, value in fields(data) if number in known}


def _text(value: Value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _same(value: Value) -> Value:
    return value


def _there(_: Value) -> bool:
    """Of a time only that it is there counts."""
    return True


_VERTEX: _Known = {
    1: ("digest", _text),
    3: ("name", _text),
    4: ("cached", bool),
    5: ("started", _there),
    6: ("completed", _there),
    7: ("error", _text),
}
_STATUS: _Known = {1: ("id", _text), 2: ("vertex", _text), 4: ("current", _same)}
_LOG: _Known = {1: ("vertex", _text), 4: ("data", _same)}
_PARTS: dict[int, tuple[str, _Known]] = {1: ("vertexes", _VERTEX), 2: ("statuses", _STATUS), 3: ("logs", _LOG)}
