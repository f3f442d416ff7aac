"""Protobuf's wire format, as far as BuildKit's messages need it (protobuf.dev, "Encoding")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SEVEN_BITS = 0x7F
_SMALL = tuple(bytes([value]) for value in range(_SEVEN_BITS + 1))

Value = int | bytes


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield (number, value) of every field. Raises ValueError for what is no message."""
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key > _SEVEN_BITS:
            key, at = _varint(data, at - 1)
        kind = key & 7
        if kind in (BYTES, VARINT):
            if at == end:
                raise ValueError("not a protobuf message")
            size = data[at]
            at += 1
            if size > _SEVEN_BITS:
                size, at = _varint(data, at - 1)
            if kind == VARINT:
                yield key >> 3, size
                continue
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if size < 0 or at + size > end:
            raise ValueError("not a protobuf message")
        yield key >> 3, data[at : at + size]
        at += size


def last(data: bytes, number: int) -> bytes:
    """Return the last value of a field that holds bytes, b"" where there is none."""
    found = b""
    for each, value in fields(data):
        if each == number and isinstance(value, bytes):
            found = value
    return found


def number_in(data: bytes, number: int) -> int:
    """Return the last value of a field that holds a number, 0 where there is none."""
    found = 0
    for each, value in fields(data):
        if each == number and isinstance(value, int):
            found = value
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("not a protobuf message")


def _number(value: int) -> bytes:
    if value <= _SEVEN_BITS:
        return _SMALL[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number: int, value: int) -> bytes:
    """Return a field with a number ≥ 0; nothing for 0, the default."""
    return _number(number << 3 | VARINT) + _number(value) if value else b""


def message(number: int, value: bytes) -> bytes:
    """Return a field with bytes or a message, also an empty one."""
    return _number(number << 3 | BYTES) + _number(len(value)) + value


def text(number: int, value: bytes | str) -> bytes:
    """Return a field with text; nothing for "", the default."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return message(number, data) if data else b""


def mapping(number: int, values: Mapping[str, str]) -> bytes:
    """Return a ``map<string, string>``."""
    return b"".join(message(number, text(1, key) + text(2, value)) for key, value in values.items())
