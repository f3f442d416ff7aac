"""Mappings and lists as bytes, of which an entry is decoded when it is asked for.

Every entry is a line, and JSON holds no line breaks and no tabs of its own: so a key is found by searching the bytes.
Whoever asks for many gets everything decoded at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import Any

DIGITS = 12
"""Of the length of what comes first, where bytes of several kinds stand one behind the other."""

FEW = 64
"""Keys that are searched for one by one; a search costs about the fiftieth part of decoding everything."""


def table(values: Mapping[str, Any]) -> bytes:
    """Return a mapping as bytes; its values are what JSON can hold."""
    lines = [f"\n{written(key)}\t{written(value)}" for key, value in values.items()]
    return "".join(lines).encode() + b"\n"


def rows(values: Iterable[Any]) -> bytes:
    """Return a list as bytes; its items are what JSON can hold."""
    return "".join([f"{written(value)}\n" for value in values]).encode()


def _writer() -> Callable[[Any], str]:
    """Return what writes JSON: the library makes for each value anew what it writes with, which takes longer."""
    encoder = json.JSONEncoder(separators=(",", ":"))
    try:
        made = c_make_encoder(None, encoder.default, encode_basestring_ascii, None, ":", ",", False, False, True)
        made([""], 0)
    except TypeError:  # another Python has another one, or none
        return encoder.encode
    return lambda value: "".join(made(value, 0))


written = _writer()
"""Returns what JSON can hold as it stands in tables and rows."""


class Table(Mapping[str, Any]):
    """A mapping from bytes that ``table`` has made."""

    def __init__(self, raw: bytes | memoryview) -> None:
        """Take the bytes; nothing is decoded yet."""
        self._given = raw
        self._known: dict[str, Any] = {}
        self._searched = 0
        self._whole = False

    def __getitem__(self, key: str) -> Any:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key. None is no value that a table holds."""
        if key not in self._known and not self._whole:
            self._searched += 1
            if self._searched > FEW:
                self.whole()
            else:
                self._known[key] = self._found(key)
        found = self._known.get(key)
        return default if found is None else found

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Table) and self._raw == other._raw) or super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    @cached_property
    def _raw(self) -> bytes:
        return bytes(self._given)

    def _found(self, key: str) -> Any:
        needle = f"\n{json.dumps(key)}\t".encode()
        at = self._raw.find(needle)
        if at < 0:
            return None
        start = at + len(needle)
        return json.loads(self._raw[start : self._raw.index(b"\n", start)])

    def whole(self) -> dict[str, Any]:
        """Return all of it, decoded."""
        if not self._whole:
            pairs = (line.split(b"\t", 1) for line in self._raw.split(b"\n") if line)
            text = b",".join(b":".join(pair) for pair in pairs)
            self._known = json.loads(b"{%b}" % text)
            self._whole = True
            self.__dict__["get"] = self._known.get  # whoever asks for many asks for thousands
        return self._known


def whole(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all of a mapping at once."""
    return values.whole() if isinstance(values, Table) else dict(values)


class Rows(Sequence[Any]):
    """A list from bytes that ``rows`` has made."""

    def __init__(self, raw: bytes | memoryview) -> None:
        """Take the bytes; nothing is decoded yet."""
        self._raw = raw

    @cached_property
    def _lines(self) -> Sequence[bytes]:
        return bytes(self._raw).split(b"\n")[:-1]

    def __getitem__(self, number: Any) -> Any:
        return json.loads(self._lines[number])

    def __len__(self) -> int:
        return len(self._lines)
