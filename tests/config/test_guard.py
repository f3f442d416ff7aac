"""The guard: what it refuses, where and in which words; and that nothing else than ConfigError ever comes out of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mbuild.config import guard
from mbuild.config.guard import MAX_DEPTH, read
from mbuild.config.nodes import Fields, Items, Node, Scalar, closest, kind, plain
from mbuild.errors import ConfigError

NESTED = f"nested more than {MAX_DEPTH} deep"
TAB = "a tab cannot indent YAML"


def problems(raw: bytes | str) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is refused as (text with place, hints)."""
    with pytest.raises(ConfigError) as caught:
        read(raw.encode() if isinstance(raw, str) else raw, "b.yaml")
    return [(str(each), each.hints) for each in caught.value.problems]


def value(raw: str) -> Any:
    return plain(read(raw.encode(), "b.yaml"))


REFUSED: dict[str, tuple[bytes | str, str, tuple[str, ...]]] = {
    "latin 1": (b"a: 1\r\nb: caf\xe9", "2:7: not UTF-8", ("save the file as UTF-8",)),
    "utf-16": ("a: 1".encode("utf-16"), "1:1: not UTF-8", ("save the file as UTF-8",)),
    "utf-8 of a surrogate": (b"a: \xed\xa0\x80", "1:4: not UTF-8", ("save the file as UTF-8",)),
    "null": ("a: 1\nb: \0", "2:4: a character that YAML does not allow: U+0000", ()),
    "escape": ("a: \x1b[31m", "1:4: a character that YAML does not allow: U+001B", ()),
    "empty": ("", "1:1: the file is empty", ("write at least 'version: 1'",)),
    "comment only": ("# nothing\n", "1:1: the file is empty", ("write at least 'version: 1'",)),
    "two documents": ("a: 1\n---\nb: 2", "2:1: a second document starts here", ("keep one document",)),
    "nested": ("[" * 200, f"1:65: {NESTED}", ()),
    "nested in lines": ("[\n" * 200, f"65:1: {NESTED}", ()),
    "nested mappings": ("{" * 200, f"1:65: {NESTED}", ()),
    "nested blocks": ("- " * 200, f"1:129: {NESTED}", ()),
    "nested keys": ("? " * 200, f"1:129: {NESTED}", ()),
    "nested flow keys": ('{"a":' * 200, f"1:321: {NESTED}", ()),
    "tab": ("images:\n\tapi:", f"2:1: {TAB}", ("use spaces",)),
    "not closed": ("a: [", "2:1: not valid YAML: did not find expected node content", ()),
    "two colons": (
        "a: b: c",
        "1:5: not valid YAML: mapping values are not allowed in this context",
        ("a value that holds ': ' needs quotes",),
    ),
    "reserved": (
        "a: @x",
        "1:4: not valid YAML: found character that cannot start any token",
        ("a value that starts with '@', '`' or '%' needs quotes",),
    ),
    "no colon": (
        "a: 1\nb\nc: 2",
        "3:1: not valid YAML: could not find expected ':'",
        ("every line of a mapping is 'key: value'",),
    ),
    "half a character": ('a: "\\ud83d"', "1:7: not valid YAML: found invalid Unicode character escape code", ()),
    "escaped null": ('a: "x\\0"', "1:4: a character that nothing can hold: U+0000", ()),
    "directive": ("%YAML 9.9\n---\na: 1", "1:1: not valid YAML: found incompatible YAML document", ()),
    "anchor": ("a: &x 1", "1:4: anchors are not allowed: '&x'", ("write the value out where it is used",)),
    "anchored list": ("a: &x [1]", "1:4: anchors are not allowed: '&x'", ("write the value out where it is used",)),
    "alias": ("a: *x", "1:4: aliases are not allowed: '*x'", ("write the value out",)),
    "alias as key": ("*x : 1", "1:1: aliases are not allowed: '*x'", ("write the value out",)),
    "merge": ("<<: {a: 1}", "1:1: merge keys are not allowed: '<<'", ("write the keys out, or use 'defaults'",)),
    "python": (
        "a: !!python/object/apply:os.system [id]",
        "1:4: tags are not allowed: 'tag:yaml.org,2002:python/object/apply:os.system'",
        ("remove it; use quotes for text",),
    ),
    "own tag": ("a: !x 1", "1:4: tags are not allowed: '!x'", ("remove it; use quotes for text",)),
    "bare tag": ("a: ! 1", "1:4: tags are not allowed: '!'", ("remove it; use quotes for text",)),
    "str": (
        "a: !!str 1",
        "1:4: tags are not allowed: 'tag:yaml.org,2002:str'",
        ("remove it; use quotes for text",),
    ),
    "duplicate": ("a: 1\nb: 2\na: 3", "3:1: the key 'a' is there twice; first in line 1", ()),
    "duplicate in JSON": ('{"a": 1, "a": 2}', "1:10: the key 'a' is there twice; first in line 1", ()),
    "duplicate, quoted": ("a: 1\n'a': 2", "2:1: the key 'a' is there twice; first in line 1", ()),
    "list as key": ("? [a]\n: b", "1:3: a key must be text", ()),
    "null key": ("~: b", "1:1: a key is missing", ()),
    "no key": ("? \n: b", "1:2: a key is missing", ()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_place(name: str) -> None:
    raw, message, hints = REFUSED[name]
    assert problems(raw) == [(f"b.yaml:{message}", hints)]


@pytest.mark.parametrize("part", ["[", "[\n", "{", "- ", "? ", '{"a":'])
def test_a_bomb_of_nesting_is_refused(part: str) -> None:
    """The place depends on libyaml: from 0.2.6 on it has a limit of its own, and meets it while it reads ahead."""
    ((found, _),) = problems(part * 100_000)
    assert found.startswith("b.yaml:")
    assert found.endswith(NESTED)


def test_all_that_is_refused_is_reported_in_order() -> None:
    found = problems("a: &x 1\nb: *x\na: !t 2\n<<: [&y c]\n")
    assert [text for text, _ in found] == [
        "b.yaml:1:4: anchors are not allowed: '&x'",
        "b.yaml:2:4: aliases are not allowed: '*x'",
        "b.yaml:3:1: the key 'a' is there twice; first in line 1",
        "b.yaml:3:4: tags are not allowed: '!t'",
        "b.yaml:4:1: merge keys are not allowed: '<<'",
        "b.yaml:4:6: anchors are not allowed: '&y'",
    ]


def test_what_was_found_before_a_syntax_error_is_reported_too() -> None:
    assert [text for text, _ in problems("a: 1\na: 2\nb: [")] == [
        "b.yaml:2:1: the key 'a' is there twice; first in line 1",
        "b.yaml:4:1: not valid YAML: did not find expected node content",
    ]


def test_a_flood_of_problems_ends() -> None:
    found = problems("".join(f"k{number}: *x\n" for number in range(100_000)))
    assert len(found) == 51
    assert found[49][0] == "b.yaml:50:6: aliases are not allowed: '*x'"
    assert found[50][0] == "b.yaml:51:6: there is more; these are the first 50"


def test_size_and_number_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(guard, "MAX_NODES", 10)
    assert value("#" * ((1 << 20) - 2) + "\na") == "a"
    assert problems("#" * (1 << 20) + "\n") == [("b.yaml: larger than 1 MiB", ())]
    assert value("[" + "a," * 9 + "]") == ["a"] * 9
    assert problems("[" + "a," * 10 + "]") == [("b.yaml:1:20: more than 10 values", ())]


def test_a_merge_bomb_ends_at_its_first_merge_keys() -> None:
    bomb = "a: &a {k: v}\n" + "".join(f"b{n}: &b{n}\n  <<: [*a, *a, *a]\n" for n in range(20))
    assert problems(bomb)[0][0] == "b.yaml:1:4: anchors are not allowed: '&a'"


def test_depth_up_to_the_limit_is_read() -> None:
    raw = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(value(raw)) == raw


def test_scalars_stay_as_written() -> None:
    raw = "{a: 3.10, b: on, c: no, d: 017, e: 0o17, f: 1_000, g: 12:30:45, h: 2024-01-01, i: .inf, j: True, k: =}"
    assert value(raw) == {
        "a": "3.10",
        "b": "on",
        "c": "no",
        "d": "017",
        "e": "0o17",
        "f": "1_000",
        "g": "12:30:45",
        "h": "2024-01-01",
        "i": ".inf",
        "j": "True",
        "k": "=",
    }


def test_only_unquoted_nothing_is_null() -> None:
    raw = "a:\nb: ~\nc: null\nd: Null\ne: NULL\nf: ''\ng: 'null'\nh: \"~\"\ni: nULL\n'': x\n'<<': y"
    expected = {"a": None, "b": None, "c": None, "d": None, "e": None, "f": "", "g": "null", "h": "~", "i": "nULL"}
    assert value(raw) == {**expected, "": "x", "<<": "y"}


def test_every_node_has_its_place() -> None:
    root = read("\ufeffa: x\nb:\n  - 'y'\n  - {c: 1}\nd:\n".encode(), "b.yaml")
    assert root == Fields(
        1,
        1,
        {
            "a": (Scalar(1, 1, "a"), Scalar(1, 4, "x")),
            "b": (
                Scalar(2, 1, "b"),
                Items(3, 3, (Scalar(3, 5, "y", True), Fields(4, 5, {"c": (Scalar(4, 6, "c"), Scalar(4, 9, "1"))}))),
            ),
            "d": (Scalar(5, 1, "d"), Scalar(5, 3, "")),
        },
    )
    assert kind(root) == "a mapping"
    assert closest(root, ("b", 1, "c")) == (Scalar(4, 6, "c"), Scalar(4, 9, "1"))
    assert closest(root, ("b", 0)) == (None, Scalar(3, 5, "y", True))
    for path in (("b", 2), ("b", "x")):
        assert closest(root, path)[0] == Scalar(2, 1, "b")
    assert closest(root, ("x", 0)) == (None, root)


# YAML ends a key in one line after 1,024 characters, and JSON writes up to 12 for one.
KEYS = st.text(min_size=1, max_size=80)
JSON = st.recursive(
    st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def as_text(data: Any) -> Any:
    """Return JSON data with its scalars as JSON writes them."""
    if isinstance(data, dict):
        return {key: as_text(each) for key, each in data.items()}
    if isinstance(data, list):
        return [as_text(each) for each in data]
    return data if isinstance(data, str) else json.dumps(data)


def holdable(text: str) -> bool:
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)


@given(JSON.filter(lambda data: holdable(json.dumps(data, ensure_ascii=False))), st.sampled_from([None, 0, 1, 2, "\t"]))
@example({"a": "😀 \\ud83d\\ude00"}, None)
@example({"a": "\\😀"}, 1)
def test_json_is_read_as_json_reads_it(data: Any, indent: int | str | None) -> None:
    raw = json.dumps({"k": data}, indent=indent)
    if "\\u0000" not in raw:
        assert value(raw) == {"k": as_text(data)}


def test_two_escapes_are_joined_in_json_only() -> None:
    pair = "\\ud83d\\ude00"
    assert value(f'{{"a": "{pair}", "b": "\\\\{pair}"}}') == {"a": "😀", "b": "\\😀"}
    assert value('{"a": "\\\\\\\\ud83d\\\\ude00"}') == {"a": "\\\\ud83d\\ude00"}
    assert value(f"{{a: '{pair}'}}") == {"a": pair}
    assert value(f"a: '{pair}'") == {"a": pair}
    assert value(f'\ufeff["{pair}"]') == ["😀"]


def test_deep_json_with_such_escapes_is_refused_and_no_more() -> None:
    deep = '{"\\ud83d\\ude00":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert problems(deep) == [("b.yaml:1:5: not valid YAML: found invalid Unicode character escape code", ())]


def test_the_characters_that_the_library_refuses_are_refused() -> None:
    every = "".join(map(chr, range(0x110000)))
    assert guard._UNPRINTABLE.findall(every) == yaml.reader.Reader.NON_PRINTABLE.findall(every)


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text()) | st.text(), max_size=5))
def test_what_yaml_writes_is_read_back(data: dict[str, Any]) -> None:
    raw = yaml.safe_dump(data, allow_unicode=True, default_style='"')
    if holdable("".join(str(each) for pair in data.items() for each in pair)) and "\\0" not in raw:
        assert value(raw) == data


YAMLISH = st.text(st.sampled_from(list("ab:-[]{},&*!|>'\"%@`#?~ \t\n\r\\0<ux\ufeff\x85é😀")), max_size=60)


@given(YAMLISH | st.text())
@example("? ")
@example("- - &a\n- *a")
@example("\ufeff\ufeffa: 1")
@example("a: \ufeff b")
@example("! !")
@example("a: |\n \t\n")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        node = read(text.encode("utf-8", "replace"), "b.yaml")
    except ConfigError as error:
        assert error.problems
        assert all(each.where and each.where.file == "b.yaml" and each.message.isprintable() for each in error.problems)
    else:
        assert isinstance(node, Scalar | Items | Fields)


@given(st.binary())
@example(b"\xef\xbb\xbf\xff")
@example(b"\xef\xbb")
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read(raw, "b.yaml")
    except ConfigError as error:
        assert error.problems


def both(raw: str, monkeypatch: pytest.MonkeyPatch) -> list[Node | list[str]]:
    """Return what the C parser and the Python parser make of a text: nodes, or places of problems."""
    results: list[Node | list[str]] = []
    with monkeypatch.context() as patch:
        for _ in range(2):
            try:
                results.append(read(raw.encode(), "b.yaml"))
            except ConfigError as error:
                results.append([str(each.where) for each in error.problems])
            patch.delattr(yaml, "CSafeLoader", raising=False)
    return results


def test_without_the_c_parser_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = ["a: [1, {b: c}]\nd:\n- 'x'\n-\n", '{"a": "\\u00e9"}', "a: |\n  x\n\n  y\nb: >-\n  z\n  w\n"]
    for raw in accepted:
        first, second = both(raw, monkeypatch)
        assert first == second
        assert isinstance(first, Fields)
    for name in ("nested in lines", "alias", "merge", "duplicate", "tab", "two documents", "empty", "python"):
        first, second = both(str(REFUSED[name][0]), monkeypatch)
        assert first == second == [f"b.yaml:{':'.join(REFUSED[name][1].split(':')[:2])}"], name
