"""Go's `path.Match`. Expected values were checked against Go 1.24."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.dockerfile.gomatch import PatternError, check, compile_pattern, match
from mbuild.dockerfile.gotext import byte_view


def test_table_of_go(cases: Path) -> None:
    """The rows of Go's own table, except those where an ignore file also matches what is below a folder."""
    rows = json.loads((cases / "dockerignore_cases.json").read_text(encoding="utf-8"))["cases"]
    found: list[object] = []
    count = 0
    for row in rows:
        if "filepath.Match" not in row["test"] or row["path"] == "ab/c":
            continue
        count += 1
        (pattern,) = row["patterns"]
        try:
            got: object = match(pattern, row["path"])
        except PatternError:
            got = "error"
        if got != ("error" if row["error"] else row["ignored"]):
            found.append((pattern, row["path"], got))
    assert found == []
    assert count >= 50


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "a/b", False),
        ("a*/b", "a/b", True),
        ("a*/b", "a/c/b", False),
        ("**", "a/b", False),
        ("a?c", "a/c", False),
        ("a[^b]c", "a/c", True),
        ("*[^b]*c", "x/c", False),
        ("[a-c-e]", "d", "error"),
        ("[z-a]", "m", False),
        ("[^z-a]", "m", True),
        ("[\\]]", "]", True),
        ("[\\^a]", "^", True),
        ("[]-a]", "]", "error"),
        ("[a", "a", "error"),
        ("[a-", "a", "error"),
        ("[\\", "a", "error"),
        ("a\\", "b", "error"),
        ("x*[", "y", "error"),
        ("[\udcff]", "a", "error"),
        ("\\*\\\\", "*\\", True),
        ("a.c", "abc", False),
        ("a\nb*", "a\nb\n", True),
        ("\u263a", "\u263a", True),
        ("a?b", "a\u263ab", True),
        ("*??", "\u263a", True),
        ("*???", "\u263a", False),
        ("*[\u263a]", "\u263a", True),
        ("*[^a]", "\u263a/", True),
        ("*?/*?", "\u263a/\u263a", True),
        ("*?x", "\u263a", False),
        ("a*?", "b\u263a", False),
        ("?", "\udcff", True),
        ("[^a]", "\udcff", True),
        ("[\ufffd]", "\udcff", True),
        ("*\udcbaq", "\u263aq", True),
        ("\udcff*", "\udcffx", True),
    ],
)
def test_match(pattern: str, name: str, expected: bool | str) -> None:
    try:
        got: bool | str = match(pattern, name)
    except PatternError as error:
        assert "\n" not in str(error)
        got = "error"
    assert got == expected


def test_filepath_match_overlooks_what_it_does_not_come_to() -> None:
    check("a*[", ".")
    with pytest.raises(PatternError):
        check("*[", ".")
    with pytest.raises(PatternError):
        check("a[", ".")


@settings(deadline=None)
@given(st.text("ab/?*[]^-\\", max_size=8), st.text("ab/-", max_size=8))
def test_both_matchers_agree(pattern: str, name: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return
    assert match(pattern, name) == compiled.match_bytes(byte_view(name))


@settings(deadline=None)
@given(st.text("ab?*", max_size=8), st.text("ab", max_size=8))
def test_without_slashes_it_is_fnmatch(pattern: str, name: str) -> None:
    assert match(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=8))
def test_an_escaped_name_matches_itself_only(name: str) -> None:
    pattern = "".join(f"\\{each}" for each in name)
    assert match(pattern, name)
    assert not match(pattern, name + "x")


@settings(deadline=None)
@given(st.binary(max_size=10), st.binary(max_size=10))
def test_any_bytes_match_or_are_malformed(pattern: bytes, name: bytes) -> None:
    try:
        match(pattern.decode("utf-8", "surrogateescape"), name.decode("utf-8", "surrogateescape"))
    except PatternError as error:
        assert "malformed" in str(error)
