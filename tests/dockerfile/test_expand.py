"""Expansion of variables, quotes and escapes. Expected values were checked against BuildKit's `shell` package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.dockerfile import expand, shellpattern
from mbuild.dockerfile.expand import Expanded, ExpansionError, Lexer
from mbuild.dockerfile.gotext import SPACE
from mbuild.dockerfile.refused import Refused
from mbuild.dockerfile.variables import Variables

ENV = {
    "A": "a*b/c a",
    "EMPTY": "",
    "P": "\\*",
    "LINES": "one\ntwo",
    "SPACED": "  x y ",
    "B": "\udcff!",
    "TEMPLATE": "[$0|${0}|$x|${1}|$00|$$|${0|$|$]",
}


def failures(cases: Path, table: str) -> tuple[list[object], int]:
    rows = json.loads((cases / "shell_cases.json").read_text(encoding="utf-8"))
    found: list[object] = []
    for row in rows[table]:
        env = row.get("env", rows["env_var_test_env"])
        text = row.get("source", row.get("input"))
        got: object
        try:
            if table == "words_test":
                got = list(Lexer().words(text, dict(pair.split("=", 1) for pair in env)))
            else:
                got = Lexer().word(text, env).text
        except ExpansionError:
            got = "error"
        expected = "error" if row.get("error") or row["expected"] == ["error"] else row["expected"]
        if got != expected:
            found.append((text, expected, got))
    return found, len(rows[table])


@pytest.mark.parametrize(("table", "least"), [("env_var_test", 228), ("words_test", 24), ("process_with_matches", 47)])
def test_table_of_buildkit(cases: Path, table: str, least: int) -> None:
    found, count = failures(cases, table)
    assert found == []
    assert count >= least


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\ufeffa", "a"),
        ("a\udcffb", "a\ufffdb"),
        ("\udcff$B", "\ufffd\udcff!"),
        ("a<b<<c", "a<b<<c"),
        ("a << 'b c'", "a << b c"),
        ("${A#*b}", "/c a"),
        ("${A##*a}", ""),
        ("${A##**a}", ""),
        ("${A%a}", "a*b/c "),
        ("${A%%b*}", "a*"),
        ("${A%%$P*}", "a"),
        ("${LINES#*}", "one\ntwo"),
        ("${LINES##*}", "\ntwo"),
        ("${LINES%%?????}", "one\ntwo"),
        ("${NONE#x}", ""),
        ("${A/b/}", "a*/c a"),
        ("${A/?/[\\}]}", "[\\}]*b/c a"),
        ("${A/x/y}", "a*b/c a"),
        ("${A//a/<$0}", "<*b/c <"),
        ("${A//a/${EMPTY}$$0}", "0*b/c 0"),
        ("${A//a/$TEMPLATE}", "[a|a||||$|${0|$|$]*b/c [a|a||||$|${0|$|$]"),
        ("${A/a/$TEMPLATE}", "[$0|${0}|$x|${1}|$00|$$|${0|$|$]*b/c a"),
        ("${A//a/\\$$}", "\\$*b/c \\$"),
        ("${A//a/\\${0}", "\\${0*b/c \\${0"),
        ("${A//*/x}", "x"),
        ("${A///-}", "-a-*-b-/-c- -a-"),
        ("${A//\\//\\/}", "a*b\\/c a"),
        ("${LINES//*/x}", "x\nx"),
        ("${NONE//a/b}", ""),
        ("${A:+'q q'}", "q q"),
        ('${NONE:-${EMPTY:-"${A+deep}"}}', "deep"),
    ],
)
def test_word(text: str, expected: str) -> None:
    assert Lexer().word(text, ENV).text == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${", "missing '}'"),
        ("${A", "missing '}'"),
        ("${A:", "missing '}'"),
        ("${A:-x", "missing '}'"),
        ("${A/x", "missing '/' in ${}"),
        ("${A/x/y", "missing '}'"),
        ("${A/'x/y}b", "missing '/' in ${}"),
        ("${A/'x/y}'}", "missing '/' in ${}"),
        ("${:-x}", "bad substitution"),
        ("${A!x}", "unsupported modifier (!)"),
        ("${A:=x}", "unsupported modifier (:=)"),
        ("${A:%x}", "unsupported modifier (:%)"),
        ("${A#\\x}", "invalid pattern (\\x) in substitution: invalid escape '\\x'"),
        ("${A#$NONE\\\\\\q}", "invalid escape '\\q'"),
        ("${A/\\a/b}", "invalid escape '\\a'"),
        ("${A%${Q:-\\\\}x}", "invalid escape"),
        ("${NONE?no\nlines}", "NONE: no lines"),
        ("${NONE?}", "NONE: is not allowed to be unset"),
        ("${EMPTY:?}", "EMPTY: is not allowed to be empty"),
        ("${NONE:-${EMPTY:?inner}} b", "EMPTY: inner"),
        ('"a\\', "double-quote"),
        ("'a", "single-quote"),
    ],
)
def test_errors_are_one_line(text: str, message: str) -> None:
    with pytest.raises(ExpansionError) as caught:
        Lexer().word(text, ENV)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lone_escape_at_the_end_of_a_pattern_is_an_error() -> None:
    with pytest.raises(ExpansionError, match="invalid escape at the end"):
        Lexer().word("${A#$X}", {"A": "a", "X": "b\\"})
    assert Lexer().word("${A%$X}", {"A": "a*", "X": "*\\"}).text == "a", "read backwards it is an escaped star"


def test_names_that_were_looked_up() -> None:
    expanded = Lexer().word("$A ${EMPTY:-$NONE} ${A+$P} '$Q' ${R-}", ENV)
    assert expanded == Expanded("a*b/c a  \\* $Q ", frozenset(("A", "EMPTY", "P")), frozenset(("NONE", "R")))
    assert Lexer().word("plain", ENV) == Expanded("plain", frozenset(), frozenset())


@pytest.mark.parametrize(
    ("lexer", "text", "expected"),
    [
        (Lexer(), "a $A\t'b  c'\\ d", ["a", "a*b/c", "a", "b  c d"]),
        (Lexer(), "x$SPACED'y'", ["x", "x", "y", "y"]),
        (Lexer(), "$B", ["\ufffd!"]),
        (Lexer(), "'' \"\"", []),
        (Lexer(), "x${A:+y}z", ["yz"]),
        (Lexer(raw_quotes=True), "'' \"a b\"c", ["''", '"a b"c']),
        (Lexer(raw_escapes=True), 'a\\ b "\\x\\"" c\\', ["a\\ b", '\\\\x\\"', "c\\"]),
        (
            Lexer(raw_quotes=True, raw_escapes=True, skip_unset=True),
            "${a:=b} $q ${r} ${s-t} ${u/v/w}",
            ["${a:=b}", "$q", "${r}", "${s-t}", "${u/v/w}"],
        ),
        (Lexer(skip_quotes=True), "'a b' \"c\"", ["'a", "b'", '"c"']),
        (Lexer("`"), "a\\` b`\n\u3000c", ["a\\ b\n", "c"]),
        (Lexer(), "<< EOF <x", ["<< EOF", "<x"]),
    ],
)
def test_words(lexer: Lexer, text: str, expected: list[str]) -> None:
    assert list(lexer.words(text, ENV)) == expected


def test_unset_names_may_stay_as_written() -> None:
    lexer = Lexer(skip_unset=True)
    assert lexer.word("$x ${x} ${x-y} ${x#y} ${x//y/z} $A", ENV).text == "$x ${x} ${x-y} ${x#y} ${x/y/z} a*b/c a"


def test_what_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "MAX_EXPANSION", 10)
    assert Lexer().word("$X", {"X": "1234567890"}).text == "1234567890"
    with pytest.raises(ExpansionError, match="more than 10 characters"):
        Lexer().word("$X$X", {"X": "123456"})


def test_nesting_is_bounded() -> None:
    deep = "${A-" * expand.MAX_DEPTH + "}" * expand.MAX_DEPTH
    assert Lexer().word(deep, ENV).text == "a*b/c a"
    with pytest.raises(ExpansionError, match="in one another"):
        Lexer().word("${A-" + deep + "} ", ENV)


def test_patterns_that_would_take_forever_end(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "a" * 60
    assert shellpattern.trim_prefix(value, "*a" * 20 + "b", greedy=True) == value
    monkeypatch.setattr(shellpattern, "MAX_WORK", 50)
    with pytest.raises(ExpansionError, match="too costly"):
        Lexer().word("${X#*b}", {"X": value})
    with pytest.raises(ExpansionError, match="too long"):
        Lexer().word("${X//a/$Y}", {"X": "a" * 8, "Y": "b" * 40})


PLAIN = st.text().filter(lambda text: not set(text) & set("$'\"\\<\ufeff") and text.isprintable())


@settings(deadline=None)
@given(PLAIN)
def test_plain_text_expands_to_itself(text: str) -> None:
    assert Lexer().word(text, ENV).text == text
    assert "".join(Lexer().words(text, ENV)) == "".join(each for each in text if each not in SPACE)


@settings(deadline=None)
@given(st.text("a${}:-+?#%/'\"\\`<* \n0_\udcff", max_size=40), st.sampled_from("\\`"), st.booleans())
def test_any_text_expands_or_is_refused_in_one_line(text: str, escape: str, flag: bool) -> None:
    lexer = Lexer(escape, raw_quotes=flag, skip_unset=not flag)
    for act in (lexer.word, lexer.words):
        try:
            act(text, {"a": "b a", "0": "$a"})
        except ExpansionError as error:
            assert "\n" not in str(error)


@settings(deadline=None)
@given(st.text("ab?*\n", max_size=8), st.text("ab\n", max_size=10), st.booleans())
def test_trimming_agrees_with_the_definition(pattern: str, value: str, greedy: bool) -> None:
    """The shortest (longest) prefix that matches, by trying them all."""
    import re

    whole = re.compile("".join({"?": ".", "*": ".*"}.get(each, each) for each in pattern))
    lengths = [length for length in range(len(value) + 1) if whole.fullmatch(value, 0, length)]
    cut = (max if greedy else min)(lengths, default=0)
    if "\n" not in pattern:
        assert shellpattern.trim_prefix(value, pattern, greedy) == value[cut:]
    mirrored = shellpattern.trim_suffix(value[::-1], pattern[::-1], greedy)
    assert mirrored == shellpattern.trim_prefix(value, pattern, greedy)[::-1]


NAMES = st.sampled_from(["A", "B_1", "\u00e9", "C"])
PIECES = st.one_of(
    NAMES.map("${}".format),
    NAMES.map("${{{}:-$B_1}}".format),
    st.sampled_from(["x", "\u00b2", "'", "\\", "\udcff", "${A?", "}"]),
)
VALUES = st.dictionaries(NAMES, st.sampled_from(["", "v", "w" * 300]))


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=6).map("".join), st.lists(VALUES))
def test_what_is_kept_of_words_is_what_they_expand_to(text: str, environments: list[dict[str, str]]) -> None:
    lexer = Lexer()
    for values in environments:
        try:
            expected = lexer.word(text, values)
        except ExpansionError:
            with pytest.raises(Refused):
                Variables(dict(values)).expand(lexer, text)
            continue
        guessed = set(values)
        known = Variables(dict(values), guessed=guessed, base="base").expand(lexer, text)
        assert known == (expected.text, expected.unmatched | expected.matched)


@pytest.mark.parametrize(("name", "value"), [("A", "1"), ("\u00e9", "1"), ("A", "1" * 300), ("A" * 300, "1")])
def test_a_word_has_the_values_of_its_time(name: str, value: str) -> None:
    variables = Variables({name: value})
    assert variables.expand(Lexer(), f"${name}") == (value, frozenset())
    variables.define(name, "2", frozenset(), keep=True)
    assert variables.expand(Lexer(), f"${name}") == ("2", frozenset())
    assert Variables().expand(Lexer(), f"${name}") == ("", frozenset())
