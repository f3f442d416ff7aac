"""Protobuf's wire format against a plain writer of it, and damaged messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.builders.kit.wire import BYTES, FIXED32, FIXED64, VARINT, Value, fields, integer, message

NUMBERS = st.integers(1, 1 << 28)
FIELDS = st.one_of(
    st.tuples(NUMBERS, st.just(VARINT), st.integers(0, (1 << 64) - 1)),
    st.tuples(NUMBERS, st.just(BYTES), st.binary(max_size=300)),
    st.tuples(NUMBERS, st.just(FIXED64), st.binary(min_size=8, max_size=8)),
    st.tuples(NUMBERS, st.just(FIXED32), st.binary(min_size=4, max_size=4)),
)


def varint(value: int) -> bytes:
    groups = [value >> shift & 0x7F for shift in range(0, max(1, value.bit_length()), 7)]
    return bytes([each | 0x80 for each in groups[:-1]] + [groups[-1]])


def written(number: int, kind: int, value: Value) -> bytes:
    key = varint(number << 3 | kind)
    if isinstance(value, int):
        return key + varint(value)
    return key + (varint(len(value)) if kind == BYTES else b"") + value


@given(st.lists(FIELDS, max_size=6))
def test_every_field_is_read(found: list[tuple[int, int, Value]]) -> None:
    data = b"".join(written(*each) for each in found)
    assert list(fields(data)) == [(number, value) for number, _, value in found]


@given(st.lists(FIELDS, min_size=1, max_size=4), st.data())
def test_a_message_that_is_cut_is_none(found: list[tuple[int, int, Value]], data: st.DataObject) -> None:
    pieces = [written(*each) for each in found]
    ends = {sum(map(len, pieces[:count])) for count in range(len(pieces) + 1)}
    whole = b"".join(pieces)
    cut = data.draw(st.integers(0, len(whole)).filter(lambda at: at not in ends))
    with pytest.raises(ValueError, match="not a protobuf message"):
        list(fields(whole[:cut]))


@pytest.mark.parametrize("kind", [3, 4, 6, 7])
def test_kinds_that_messages_do_not_have(kind: int) -> None:
    with pytest.raises(ValueError, match="not a protobuf message"):
        list(fields(bytes([1 << 3 | kind]) + bytes(20)))


@given(NUMBERS, st.integers(1, (1 << 64) - 1), st.binary(max_size=300))
def test_what_is_written(number: int, value: int, data: bytes) -> None:
    assert integer(number, value) == written(number, VARINT, value)
    assert message(number, data) == written(number, BYTES, data)
    assert integer(number, 0) == b""
