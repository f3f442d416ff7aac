"""Tables give back what was put into them, asked for one by one or all at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.store import table as module
from mbuild.store.table import FEW, Rows, Table, rows, table

KEYS = st.text(st.characters(), max_size=8) | st.sampled_from(["", "a", "a\tb", "a\n", '"a"', "a\udce9", "\\", "é"])
VALUES = st.recursive(st.integers() | st.text(max_size=4) | st.booleans(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(KEYS, VALUES, max_size=12), st.lists(KEYS, max_size=12))
def test_a_table_is_the_mapping(values: dict[str, Any], others: list[str]) -> None:
    found = Table(table(values))
    for key in [*others, *values, *others]:
        assert found.get(key) == values.get(key)
        assert (key in found) == (key in values)
    assert dict(found) == values == dict(Table(table(values)).items())
    assert len(found) == len(values)
    assert found.get("nowhere", 1) == values.get("nowhere", 1)


def test_a_missing_key_is_an_error() -> None:
    for asked in (1, FEW + 1):
        found = Table(table({"a": [1]}))
        for number in range(asked):
            with pytest.raises(KeyError):
                found[f"b{number}"]
        assert found["a"] == [1]


def test_no_key_is_found_inside_another_or_in_a_value() -> None:
    found = Table(table({"xa": ["\na\t1", "a"], "ab": 1}))
    assert found.get("a") is None
    assert found.get("b") is None


def test_many_keys_are_looked_up_in_what_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Table(table({str(number): number for number in range(3 * FEW)}))
    searched: list[str] = []

    def find(_: Table, key: str) -> int:
        searched.append(key)
        return int(key)

    monkeypatch.setattr(Table, "_found", find)
    assert [found[str(number)] for number in range(3 * FEW)] == list(range(3 * FEW))
    assert len(searched) == FEW


@given(st.lists(VALUES, max_size=8))
def test_rows_are_the_list(values: list[Any]) -> None:
    found = Rows(rows(values))
    assert list(found) == values
    assert len(found) == len(values)


@given(VALUES | st.dictionaries(KEYS, VALUES | st.floats() | st.none()))
def test_values_are_written_as_the_library_does(value: Any) -> None:
    assert module.written(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("other", [None, lambda *_: [], lambda *_: lambda value: value])
def test_without_the_library_s_inner_encoder_its_outer_one_writes(other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "c_make_encoder", other)
    assert module._writer()({"é": [1, None]}) == '{"\\u00e9":[1,null]}'
