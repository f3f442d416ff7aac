"""Ignore files. Expected values without a table were checked against moby/patternmatcher."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mbuild.dockerfile import ignore, ignorepattern
from mbuild.dockerfile.gotext import MAX_LINE
from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher, concerns, parse_ignore
from mbuild.dockerfile.ignorepattern import Union, compile_pattern
from mbuild.errors import DockerfileError, Where


def matcher(text: str) -> IgnoreMatcher:
    return IgnoreMatcher(parse_ignore(text.encode("utf-8", "surrogateescape")))


def test_table_of_patterns(cases: Path) -> None:
    rows = json.loads((cases / "dockerignore_cases.json").read_text(encoding="utf-8"))["cases"]
    wrong: list[object] = []
    for row in rows:
        lines = [IgnoreLine(pattern, number) for number, pattern in enumerate(row["patterns"], 1)]
        try:
            got: object = IgnoreMatcher(lines).ignored(row["path"])
        except DockerfileError:
            got = "error"
        if got != ("error" if row.get("error") else row["ignored"]):
            wrong.append((row, got))
    assert wrong == []
    assert len(rows) >= 138


def test_table_of_files(cases: Path) -> None:
    tables = json.loads((cases / "dockerignore_cases.json").read_text(encoding="utf-8"))
    rows = tables["extra_ignorefile_cases_answers_by_buildkit"]
    for row in rows:
        lines = parse_ignore(row["content"].encode())
        assert [each.pattern for each in lines] == (row["patterns"] or []), row
        if row["error"]:
            with pytest.raises(DockerfileError):
                IgnoreMatcher(lines)
        else:
            answers = IgnoreMatcher(lines)
            assert [answers.ignored(path) for path in row["paths"]] == row["ignored"], row
    assert len(rows) >= 22
    whole = tables["ignorefile_readall"]
    assert [each.pattern for each in parse_ignore(whole["content"].encode())] == whole["expected"]


def test_lines_keep_their_numbers() -> None:
    assert parse_ignore(b"\xef\xbb\xbf# c\r\n\n /a/ \r\n #b\n! /c/../d\n\xff//") == (
        IgnoreLine("a", 3),
        IgnoreLine("#b", 4),
        IgnoreLine("!d", 5),
        IgnoreLine("\udcff", 6),
    )
    assert parse_ignore(b"/\n//\n!/\n.\n..") == tuple(
        IgnoreLine(pattern, line) for line, pattern in enumerate(("/", "/", "!/", ".", ".."), 1)
    )


def test_overlong_line() -> None:
    assert len(parse_ignore(b"a" * MAX_LINE + b"\n")) == 1
    with pytest.raises(DockerfileError) as caught:
        parse_ignore(b"a\n" + b"a" * (MAX_LINE + 1), "x/.dockerignore")
    assert caught.value.problems[0].where == Where("x/.dockerignore", 2, 1)


def test_all_malformed_patterns_are_reported() -> None:
    with pytest.raises(DockerfileError) as caught:
        IgnoreMatcher(parse_ignore(b"a\n[\nb\n!\n[z-a]x\n"), "x/.dockerignore")
    assert [each.where for each in caught.value.problems] == [Where("x/.dockerignore", line, 1) for line in (2, 4, 5)]


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("", [], ["a"]),
        ("/\n.\n", [], ["a"]),
        ("a /", ["a", "a/b"], ["a "]),
        ("/ /", [], ["a", " "]),
        ("**", ["a", "a/b", "\udcff"], []),
        ("a**", ["a", "ab", "ab/c"], ["b/a"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("**/a/**/b", ["a/b", "x/a/b", "x/a/y/z/b/c"], ["a", "b", "a/xb"]),
        ("**a", ["a", "ba", "b/ca"], ["ab"]),
        ("**/a", ["a", "b/a", "b/a/c"], ["ba"]),
        ("**/a/**", ["a/b", "b/a/c"], ["a", "b/a"]),
        ("**/*.b", ["a.b", "c/a.b"], ["a.bc"]),
        ("a.b(+)$", ["a.b(+)$"], ["axb(+)$"]),
        ("a?b", ["axb", "a\udcffb"], ["a/b", "ab"]),
        ("a\\*", ["a*"], ["ab"]),
        # patternmatcher's table of characters to escape has no room for these three.
        ("*a|b", ["xa", "xaz", "zb", "q/ab"], ["zz"]),
        ("{a,b}*", ["{a,b}c"], ["a", "b"]),
        ("?a{2}", ["xaa"], ["xa", "xa{2}"]),
        ("?a{1,2}", ["xa", "xaa"], ["x", "xaaa"]),
        ("?a{1,}", ["xa", "xaaaa"], ["x"]),
        ("?a{0}", ["x"], ["xa"]),
        ("{a|b", ["{a|b"], ["b"]),
        # A backslash starts an escape of Go's regular expressions.
        ("a\\d", ["a1"], ["ad"]),
        ("a\\D", ["ad", "a\u0661"], ["a1"]),
        ("a\\sb\\S", ["a b\v", "a bc"], ["asbc"]),
        ("a\\Wb", ["a-b"], ["awb", "a_b"]),
        ("a\\nb", ["a\nb"], ["anb", "a\\nb"]),
        ("\\x61\\0\\101", ["a\0A"], ["x61"]),
        ("\\Aa\\b\\Bb\\z", [], ["ab", "Aab"]),
        ("\\ba\\b", ["a"], ["ba"]),
        ("x\\Qab\\E?", ["xabc"], ["xab", "xa"]),
        ("x\\Qa.b\\E?", ["xa\\.bc"], ["xa.bc", "xaxbc"]),
        ("x\\Q?", ["x[^/]$", "x[^/]$y"], ["xa"]),
        ("\\[a\\]\\-", ["[a]-"], ["a-"]),
        # Classes of Go's regular expressions.
        ("[[:alpha:]]", ["a"], ["1", ":]"]),
        ("[[:^digit:][:punct:]]", ["a", "!", "\u2603"], ["1"]),
        ("[a-c\\d\\W]", ["b", "7", "-"], ["z", "d"]),
        ("[^a-c]", ["d", "\u2603"], ["b", "dd"]),
        ("[\\]x]y", ["]y", "xy"], ["ay"]),
        ("a*[-b]", ["a-", "ab", "axb"], ["a"]),
        ("a*[b-]", ["a-", "ab", "axb"], ["a"]),
        ("[*]", ["[/]", "^]"], ["*"]),
        ("[[a]b", ["[b", "ab"], ["b"]),
        ("a*[:b]", ["a:", "ab"], ["a"]),
        ("x^*", [], ["x^", "x"]),
        ("x^", ["x^"], ["x"]),
        ("x*\\", ["x$", "xa$b"], ["x\\"]),
        ("a/**/b", ["a/b", "a/c/b"], ["ab", "a/cb"]),
        ("[ab]/**/b/c?", ["a/b/cd", "b/x/b/cd"], ["a/b/c"]),
        ("\u2603*\ufffd", ["\u2603a\udcff"], ["\u2603a"]),
        ("*\udcff", ["a\ufffd", "\udcfe"], ["a"]),
        ("\ufeff*\u2603", ["a\u2603"], ["a"]),
        # Many wildcards: matched without backtracking.
        ("**/a/**/b/**/c/*d*", ["a/b/c/d", "x/a/y/b/z/c/pdq/r"], ["a/b/d", "b/a/c/d"]),
        ("*a*b*c*d*[x{0,2}]?{0,2}[^e]", ["abcdxf", "xaxbxcxd0f"], ["abcd", "abcdxe"]),
        ("*a*a*a*a*b{0,2}", ["aaaa", "aaaabb"], ["aaa", "c"]),
        # The order of lines, and folders.
        ("a\n!a/b", ["a", "a/c"], ["a/b", "a/b/c"]),
        ("!a\na", ["a"], ["b"]),
        ("*\n!a\n!b/c/d", ["x", "b", "b/c", "b/c/e"], ["a", "a/x", "b/c/d", "b/c/d/e"]),
        ("a\n!a\na/b", ["a/b", "a/b/c"], ["a", "a/c"]),
        ("*\n!**/k", ["x", "x/y"], ["k", "x/k", "x/y/k/z"]),
        # What the engine was seen to send: the folder's own line does not count for what is in it.
        ("**/*.log\n!logs", ["logs/a.log"], ["logs", "logs/k"]),
        ("c\n!c/b\n?", ["c"], ["c/b"]),
    ],
)  # fmt: skip
def test_ignored(text: str, ignored: list[str], kept: list[str]) -> None:
    answers = matcher(text)
    assert {path: answers.ignored(path) for path in (*ignored, *kept)} == {
        **dict.fromkeys(ignored, True),
        **dict.fromkeys(kept, False),
    }
    for paths in ([*ignored, *kept], sorted((*ignored, *kept))):
        assert matcher(text).each_ignored(paths) == [path in ignored for path in paths]


@pytest.mark.parametrize(
    "pattern",
    ["a\\y", "a\\8", "a\\\u2603", "a\\x6", "[\\b]", "[[:x:]]y]", "*[b-a]", "*a[", "x*[a", "*[\\", "*a\\E",
     "?{2,1}", "?{1001}", "*{2}", "?**{2}x", "?{2}{2}", "*|{2}", "!", "a[", "[]"],
)  # fmt: skip
def test_malformed(pattern: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        matcher(pattern)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["a\\pL", "a\\PL", "*\\Qa\\E{2}"])
def test_what_go_knows_and_we_refuse(pattern: str) -> None:
    with pytest.raises(DockerfileError):
        matcher(pattern)


def test_the_line_that_decided() -> None:
    answers = matcher("# c\n*\n!a\na/b\n!a/b/c\n**/b")
    assert answers.rule("x/y") == IgnoreLine("*", 2)
    assert answers.rule("a/x") == IgnoreLine("!a", 3)
    assert answers.rule("a/b/x") == IgnoreLine("a/b", 4)
    assert answers.rule("a/b/c") == IgnoreLine("!a/b/c", 5)
    assert answers.rule("a/b/c/b") == IgnoreLine("**/b", 6)
    assert matcher("a\n!b").rule("b") is None


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        ("*", "a", False),
        ("*\n!a/b", "a", True),
        ("*\n!a/b", "", True),
        ("*\n!a/b", "a/b", False),
        ("*\n!a/b", "b", False),
        ("*\n!a/**", "a/b", True),
        ("*\n!a/**", "b", False),
        ("*\n!a/b*/c", "a", True),
        ("*\n!a/b*/c", "a/bc", True),
        ("*\n!a/b*/c", "a/c", False),
        ("*\n!**/a", "b", True),
        ("*\n!a|b*", "c", True),
        ("*\n!\ufeffa/*", "a", True),
        ("*\n!\udcff/a", "b", False),
        ("*\n!\udcff/*", "\udcff", True),
    ],
)
def test_may_reinclude_below(text: str, folder: str, expected: bool) -> None:
    assert matcher(text).may_reinclude_below(folder) == expected


def walk(text: str, path: str) -> bool:
    """Answer as fsutil's walk does, line by line and without any memory: the definition."""
    patterns = [each.pattern for each in parse_ignore(text.encode())]
    rules = [(each.startswith("!"), Union([compile_pattern(each.removeprefix("!"))])) for each in patterns]
    above = [False] * len(rules)
    verdict = False
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        verdict = False
        here = posixpath.join(*parts[:length])
        for index, (reinclude, union) in enumerate(rules):
            above[index] = above[index] or (reinclude == verdict and union.matches(here))
            if above[index]:
                verdict = not reinclude
    return verdict


PATTERN = st.builds(
    "{}{}".format,
    st.sampled_from(("", "", "!")),
    st.lists(st.sampled_from(("a", "b", "*", "?", "**", "a*", "*b", "[ab]", "ab", "a|b")), min_size=1, max_size=3).map(
        "/".join
    ),
)
PATH = st.lists(st.sampled_from(("a", "b", "ab", "c")), min_size=1, max_size=4).map("/".join)


@settings(deadline=None)
@given(st.lists(PATTERN, max_size=6).map("\n".join), st.lists(PATH, max_size=10))
def test_answers_equal_the_walk(text: str, paths: list[str]) -> None:
    answers = matcher(text)
    for path in paths:
        expected = walk(text, path)
        assert answers.ignored(path) == expected
        rule = answers.rule(path)
        assert expected == (rule is not None and not rule.pattern.startswith("!"))
        for folder in (path[:at] for at, each in enumerate(path) if each == "/"):
            if not expected and answers.ignored(folder):
                assert answers.may_reinclude_below(folder)


@settings(deadline=None)
@given(st.lists(PATTERN, max_size=4).map("\n".join), st.lists(PATH, max_size=6))
def test_the_order_of_questions_does_not_matter(text: str, paths: list[str]) -> None:
    forwards, backwards = matcher(text), matcher(text)
    there = [forwards.ignored(path) for path in paths]
    assert there == [backwards.ignored(path) for path in reversed(paths)][::-1]
    assert there == matcher(text).each_ignored(paths) == forwards.each_ignored(paths)


ODD = st.text(st.sampled_from("ab/.!*\\ -[]\udcff"), max_size=6)
LITERAL = st.builds("{}{}{}".format, st.sampled_from(("", "!")), st.sampled_from(("", "", "a/../", "./", "/")), PATH)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(LITERAL | PATTERN | ODD, min_size=1, max_size=4).map("\n".join),
    st.lists(PATH | ODD.filter(bool)),
    st.booleans(),
)
def test_lines_that_are_no_concern_change_nothing(text: str, paths: list[str], clean: bool) -> None:
    written = tuple(IgnoreLine(each, 1) for each in text.split("\n"))  # those of build.yaml are not cleaned before
    try:
        lines = parse_ignore(text.encode("utf-8", "surrogateescape")) if clean else written
        whole = IgnoreMatcher(lines)
    except DockerfileError:
        assume(False)
    for path in paths:
        some = IgnoreMatcher(each for each in lines if concerns(each.pattern, path.partition("/")[0]))
        assert some.ignored(path) == whole.ignored(path)


def test_lines_of_other_folders_are_no_concern() -> None:
    lines = ("libs", "!libs/core", "lib", "!services/a", "**/libs", "*", "l?bs", "../libs")
    assert [each for each in lines if not concerns(each, "libs")] == ["lib", "!services/a"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(("a", "*", "**/", "/", "?", "{0,2}", "[ab]", ".")), max_size=8).map("".join), PATH)
def test_both_ways_to_match_agree(pattern: str, path: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except ValueError:
        assume(False)
    quick = Union((compiled,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ignorepattern, "MOST_BACKTRACKING", -1)
        slow = Union((compiled,))
    assert quick.matches(path) == slow.matches(path)


@settings(deadline=None)
@given(st.binary(max_size=40), st.lists(st.text(st.sampled_from("a/b[\udcff"), min_size=1), max_size=3))
def test_any_bytes_are_answered_or_refused(data: bytes, paths: list[str]) -> None:
    try:
        answers = IgnoreMatcher(parse_ignore(data))
    except DockerfileError as error:
        assert all(each.where and 1 <= each.where.line <= data.count(b"\n") + 1 for each in error.problems)
        return
    for path in paths:
        answers.ignored(path)
        answers.rule(path)


def test_a_deep_path_is_no_problem() -> None:
    assert matcher("b\n**/z").ignored("a/" * 5000 + "z")


def test_many_lines_are_taken_apart_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[str] = []

    def counted(pattern: str) -> str:
        cleaned.append(pattern)
        return pattern

    monkeypatch.setattr(ignore, "clean_path", counted)
    lines = [f"many{number}/x" for number in range(2000)]
    for top in ("many7", "many1999"):
        assert [each for each in lines if concerns(each, top)] == [f"{top}/x"]
    assert cleaned == lines
