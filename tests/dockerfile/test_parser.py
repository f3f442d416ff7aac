"""Dockerfiles as instructions. Expected values without a table were checked against BuildKit's `parser` package."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.dockerfile import gojson
from mbuild.dockerfile.arguments import KEYWORDS
from mbuild.dockerfile.directives import Syntax, detect_syntax
from mbuild.dockerfile.expand import ExpansionError
from mbuild.dockerfile.gotext import MAX_LINE, byte_view, clean_path, from_byte_view, overlong_line, runes
from mbuild.dockerfile.heredoc import chomp, heredocs_of_line, parse_heredoc
from mbuild.dockerfile.model import Dockerfile, Heredoc, Instruction
from mbuild.dockerfile.parser import parse, read
from mbuild.dockerfile.refused import MAX_PROBLEMS
from mbuild.dockerfile.words import split_flags, split_words
from mbuild.errors import DockerfileError, Where


@pytest.fixture(scope="module")
def tables(cases: Path) -> Any:
    return json.loads((cases / "parser_cases.json").read_text(encoding="utf-8"))


def only(text: str) -> Instruction:
    (instruction,) = parse(text.encode("utf-8", "surrogateescape"), "Dockerfile").instructions
    return instruction


def problems(data: str | bytes) -> list[str]:
    data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    with pytest.raises(DockerfileError) as caught:
        parse(data, "D")
    return [str(each) for each in caught.value.problems]


def quote(text: str) -> str:
    """Quote as Go's `strconv.Quote` does for the characters of the table."""
    special = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\x00"}
    return '"' + "".join(special.get(each, each) for each in text) + '"'


def dump(instruction: Instruction) -> str:
    words = [instruction.keyword.lower()]
    if instruction.flags:
        words.append("[" + " ".join(map(quote, instruction.flags)) + "]")
    if instruction.inner:
        return " ".join(words) + f"({dump(instruction.inner)})"
    return " ".join((*words, *map(quote, instruction.args)))


def dump_file(dockerfile: Dockerfile) -> str:
    lines = []
    for each in dockerfile.instructions:
        text = dump(each)
        if each.inner:
            text = f"onbuild ({dump(each.inner)})"
        lines.append(f"({text})")
    return "\n".join(lines)


def as_row(instruction: Instruction) -> dict[str, object]:
    """Return an instruction as the table has it: no empty members."""
    row: dict[str, object] = {
        "cmd": instruction.keyword,
        "args": list(instruction.args),
        "start": instruction.where.line,
        "end": instruction.end_line,
        "original": instruction.original,
    }
    if instruction.flags:
        row["flags"] = list(instruction.flags)
    if instruction.json:
        row["json"] = True
    if instruction.heredocs:
        row["heredocs"] = [
            {"chomp": each.chomp, "content": each.content, "expand": each.expand, "fd": each.fd, "name": each.name}
            for each in instruction.heredocs
        ]
    if instruction.inner:
        row["sub"] = {**as_row(instruction.inner), "start": 0, "end": 0}
    return row


def expected_row(row: dict[str, Any]) -> dict[str, object]:
    kept = {key: value for key, value in row.items() if key != "prev_comment"}
    return {**kept, "cmd": row["cmd"].upper()}


def test_positive_table(tables: Any) -> None:
    wrong: list[object] = []
    for row in tables["positive"]:
        dockerfile = parse(row["text"].encode(), row["name"])
        if dump_file(dockerfile).split() != row["expected_dump"].split():
            wrong.append((row["name"], dump_file(dockerfile)))
        wrong += [
            (row["name"], got, expected)
            for got, expected in zip(dockerfile.instructions, row["instructions"], strict=True)
            if as_row(got) != expected_row(expected)
        ]
        if (dockerfile.escape, dockerfile.syntax) != (row["escape"], row["syntax"]):
            wrong.append((row["name"], dockerfile.escape, dockerfile.syntax))
    assert wrong == []
    assert len(tables["positive"]) >= 33


def test_negative_table(tables: Any) -> None:
    for row in tables["negative"]:
        (found,) = problems(row["text"])
        assert row["error"] in found
    assert len(tables["negative"]) >= 4


def test_line_numbers_table(tables: Any) -> None:
    row = tables["line_numbers"]
    instructions = parse(row["text"].encode(), "D").instructions
    assert [[each.where.line, each.end_line] for each in instructions] == row["children"]


def test_heredoc_document(tables: Any) -> None:
    row = tables["heredoc_document"]
    dockerfile, found = read(row["text"].encode(), "D")
    assert [as_row(each) for each in dockerfile.instructions] == [expected_row(each) for each in row["instructions"]]
    assert found == ()


def test_heredoc_helpers(tables: Any) -> None:
    helpers = tables["heredoc_helpers"]
    for word in helpers["valid"]:
        assert parse_heredoc(word) is not None, word
    for word in helpers["invalid"]:
        with pytest.raises(ExpansionError):
            parse_heredoc(word)
    for word in helpers["not_heredoc"]:
        assert parse_heredoc(word) is None, word
    for row in helpers["from_line"]:
        expected = row["heredocNames"] or []
        if row["line"] == "RUN <<- EOF":
            # The test behind this row only compares the heredocs that are found; BuildKit's parser finds none.
            expected = []
        assert [each.name for each in heredocs_of_line(row["line"])] == expected, row
    assert len(helpers["valid"]) + len(helpers["from_line"]) >= 19


def test_json_arrays_table(tables: Any) -> None:
    for text, words in tables["json_arrays"]["valid"]:
        instruction = only(f"CMD {text}")
        assert (instruction.json, list(instruction.args)) == (True, words), text
    for text in tables["json_arrays"]["invalid"]:
        assert problems(f"CMD {text}") == [
            "D:1:1: when using JSON array syntax, arrays must be comprised of strings only"
        ], text
    assert len(tables["json_arrays"]["valid"]) >= 8


def test_syntax_directive_table(tables: Any) -> None:
    for row in tables["syntax_directive"]:
        found = detect_syntax(row["text"].encode())
        assert (found.frontend if found else None) == row["syntax"], row
    assert len(tables["syntax_directive"]) >= 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# syntax = a b \r\n", Syntax("a", 1, True)),
        ("# escape=`\n#SYNTAX=a\n", Syntax("a", 2, True)),
        ("#!x\n# check=x\n# syntax=a", Syntax("a", 3, True)),
        (" # syntax=a\n", None),
        ("# other=x\n# syntax=a", None),
        ("# syntax=a\n# syntax=b", Syntax("a", 1, True)),
        ("# escape=`\n# escape=`\n# syntax=b", None),
        ("// syntax=a", Syntax("a", 1, False)),
        ('#!x\n {"syntax": "a"}', Syntax("a", 2, False)),
        ('{"syntax": 1}', None),
        ('{"syntax": "a", "x": 1e999}', None),
        ('{"x": [NaN], "syntax": "a"}', None),
        ('{"x": [{"y": 10}], "syntax": "\udcff\\ud800"}', Syntax("\ufffd\ufffd", 1, False)),
        ('{"x": 1} {', None),
    ],
)
def test_detect_syntax(text: str, expected: Syntax | None) -> None:
    assert detect_syntax(text.encode("utf-8", "surrogateescape")) == expected


def test_file_for_another_frontend_has_no_instructions() -> None:
    assert parse(b"//syntax=a/b\nanything", "D") == Dockerfile("D", (), syntax="a/b", syntax_line=1)
    plain = parse(b"\xef\xbb\xbf#escape=`\n# syntax=a/b c\nFROM a\n", "D")
    assert (plain.syntax, plain.syntax_line, plain.escape, len(plain.instructions)) == ("a/b", 2, "`", 1)


@pytest.mark.parametrize(
    ("text", "keyword", "flags", "args"),
    [
        ("  from a", "FROM", (), ("a",)),
        ("wor\u212adir /a  b ", "WORKDIR", (), ("/a  b",)),
        ("FROM", "FROM", (), ()),
        ("FROM\x0ba\x0c as \r b", "FROM", (), ("a", "as", "b")),
        ("USER", "USER", (), ()),
        ("ENV", "ENV", (), ()),
        ("ENV a b  c", "ENV", (), ("a", "b  c", "")),
        ("ENV a=b c='d e' \"f=\"g", "ENV", (), ("a", "b", "=", "c", "'d e'", "=", '"f', '"g', "=")),
        ("LABEL a=b\\ c\\", "LABEL", (), ("a", "b\\ c", "=")),
        ("LABEL a='b\\' c=d", "LABEL", (), ("a", "'b\\'", "=", "c", "d", "=")),
        ('ENV a="b\\" c', "ENV", (), ("a", '"b\\" c', "=")),
        ("ENV a=\udcffb", "ENV", (), ("a", "\ufffdb", "=")),
        ("ARG a b=c\u3000d='e f", "ARG", (), ("a", "b=c", "d='e f")),
        ("ARG", "ARG", (), ()),
        ("COPY \udcff b", "COPY", (), ("\udcff", "b")),
        ("COPY --from=a\\ b --x='c \\' d' -- --e f", "COPY", ("--from=a b", "--x=c ' d"), ("--e", "f")),
        ("COPY --a\\", "COPY", ("--a",), ()),
        ("COPY --a='b\\", "COPY", ("--a=b",), ()),
        ('COPY --"a b', "COPY", ("--a b",), ()),
        ("COPY --a=\u00e9 b c", "COPY", ("--a=\u00c3\u00a9",), ("b", "c")),
        ("COPY --a=\u00e0b c", "COPY", ("--a=\u00c3",), ("b", "c")),
        ("COPY \udca0a b", "COPY", (), ("a", "b")),
        ("COPY -a --b", "COPY", (), ("-a", "--b")),
        ("RUN --a ['b']", "RUN", ("--a",), ("['b']",)),
        ("HEALTHCHECK", "HEALTHCHECK", (), ()),
        ("HEALTHCHECK \udc85", "HEALTHCHECK", (), ()),
        ("HEALTHCHECK NONE", "HEALTHCHECK", (), ("NONE",)),
        ("HEALTHCHECK --a=b CMD  c d", "HEALTHCHECK", ("--a=b",), ("CMD", "c d")),
        ("STOPSIGNAL  9 ", "STOPSIGNAL", (), ("9",)),
        ("MAINTAINER a  b", "MAINTAINER", (), ("a  b",)),
        ("EXPOSE 1\t2", "EXPOSE", (), ("1", "2")),
        ("VOLUME", "VOLUME", (), ()),
        ("ONBUILD", "ONBUILD", (), ()),
    ],
)
def test_instruction(text: str, keyword: str, flags: tuple[str, ...], args: tuple[str, ...]) -> None:
    found = only(text)
    assert (found.keyword, found.flags, found.args, found.json) == (keyword, flags, args, False)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ('HEALTHCHECK CMD ["a"]', ("CMD", "a")),
        ('SHELL ["a", "\\ud83d\\ude00\\ud800"]', ("a", "\U0001f600\ufffd")),
        ('RUN ["a\udcff"]', ("a\ufffd",)),
        ("ENTRYPOINT []", ()),
        ('VOLUME ["a b", "c"]', ("a b", "c")),
    ],
)
def test_json_form(text: str, args: tuple[str, ...]) -> None:
    found = only(text)
    assert (found.json, found.args) == (True, args)


@pytest.mark.parametrize("text", ["['a']", '["a",]', '["a"] b', "[1e999]", "[-1e999, 2]", "[Infinity]", '["\t"]', "[["])
def test_what_is_not_json_is_shell_form(text: str) -> None:
    found = only(f"CMD {text}")
    assert (found.json, found.args) == (False, (text,))


def test_brackets_too_deep_for_python_are_an_error() -> None:
    depth = sys.getrecursionlimit() * 20
    with pytest.raises(gojson.TooDeepError):
        gojson.load("[" * depth + "]" * depth)
    assert len(problems("CMD " + "[" * depth + "]" * depth)) == 1


@pytest.mark.parametrize(
    ("text", "original", "end"),
    [
        ("RUN a \\\n# c\n  \\\n b", "RUN a    b", 4),
        ("RUN a\\ \t\r\n  b\r\n", "RUN a  b", 2),
        ("\\\nRUN a", "RUN a", 2),
        ("RUN a\\", "RUN a", 1),
        ("RUN a \\\\\n", "RUN a \\\\", 1),
        ("RUN a \\\\\\\n", "RUN a \\\\\\", 1),
        ("# escape=`\nRUN a\\`\nb", "RUN a\\b", 3),
        ("#!x\n# escape=`\nRUN a\\\nb", "RUN ab", 4),
        ("RUN a \\\n  # c\n\t#d\nb", "RUN a b", 4),
    ],
)
def test_continuation(text: str, original: str, end: int) -> None:
    found = only(text)
    assert (found.original, found.end_line) == (original, end)


def test_place_of_an_instruction() -> None:
    found = parse(b"\xef\xbb\xbf\n  # c\n\t RUN a \\\n b\nUSER c", "x/D").instructions
    assert [(each.where, each.end_line) for each in found] == [(Where("x/D", 3, 3), 4), (Where("x/D", 5, 1), 5)]


def test_empty_line_in_a_continuation_is_a_warning() -> None:
    (warning,) = parse(b"FROM a\nRUN b \\\n\n \t\n c\n", "D").warnings
    assert warning.where == Where("D", 5, 1)
    assert parse(b"FROM a\nRUN b \\\n# x\n c\n", "D").warnings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "RUN a <<EOF && b <<-'X Y'\n$a\r\nEOF\r\n\tc\n\tX Y\n",
            (Heredoc("EOF", "$a\r\n"), Heredoc("X Y", "\tc\n", expand=False, chomp=True)),
        ),
        ("RUN echo ${A:=x} ${B} <<EOF\nEOF", (Heredoc("EOF", ""),)),
        (
            "RUN 007<<A 99999999999999999999<<B 0<<C\nA\nB\nC",
            (Heredoc("A", "", fd=7), Heredoc("B", "", fd=2**64 - 1), Heredoc("C", "")),
        ),
        ("RUN 111111111111111111111<<A\nA", (Heredoc("A", "", fd=2**64 - 1),)),
        ("ADD <<A --b /\nA\n", (Heredoc("A", ""),)),
        ("ONBUILD COPY <<A /\nx\nA\n", (Heredoc("A", "x\n"),)),
        ("RUN it's <<EOF", ()),
        ("RUN a <<<EOF", ()),
        ("RUN cat<<EOF", ()),
        ('RUN ["a", "<<EOF"]', ()),
        ('ONBUILD RUN ["<<EOF"]', ()),
        ("CMD <<EOF", ()),
        ("ONBUILD CMD <<EOF", ()),
    ],
)
def test_heredocs(text: str, expected: tuple[Heredoc, ...]) -> None:
    found = only(text)
    assert found.heredocs == expected
    if found.inner:
        assert found.inner.heredocs == expected
        assert found.inner.where == found.where


def test_heredoc_words_that_are_none() -> None:
    assert parse_heredoc("<<''") is None
    assert parse_heredoc("<<a b") is None
    with pytest.raises(ExpansionError, match="more than one word"):
        parse_heredoc("<<a ''")


def test_chomp() -> None:
    assert chomp("\t\ta\n\t\tb\tc\n d\n") == "a\nb\tc\n d\n"


def test_onbuild_keeps_the_inner_instruction() -> None:
    found = only("ONBUILD copy --from=a b c")
    assert found.args == ()
    assert found.inner is not None
    assert (found.inner.keyword, found.inner.flags, found.inner.args) == ("COPY", ("--from=a",), ("b", "c"))
    assert found.inner.original == "copy --from=a b c"
    unknown = only("ONBUILD nonsense <<A").inner
    assert unknown is not None
    assert (unknown.keyword, unknown.args) == ("NONSENSE", ("",))


def test_all_problems_of_a_file_are_reported() -> None:
    text = """# escape=x
# syntax=a
# syntax=b
FROM a b
RUNN <<EOF
not an instruction
EOF
 copi . /
ENV a
ENV a=b c
CMD [1]
ONBUILD ONBUILD RUN x
USER \0
COPY <<A <<B /
A
FROM b
"""
    assert problems(text) == [
        "D:1:1: the escape directive is a backslash or a backtick, not 'x'",
        "D:3:1: only one syntax parser directive can be used",
        "D:4:1: FROM takes an image, or: image AS name",
        "D:5:1: unknown instruction: RUNN",
        "D:8:2: unknown instruction: COPI",
        "D:9:1: ENV must have two arguments",
        "D:10:1: there is no = in 'c': ENV takes name=value, or name and value alone",
        "D:11:1: when using JSON array syntax, arrays must be comprised of strings only",
        "D:12:1: ONBUILD cannot be an ONBUILD trigger",
        "D:13:1: there is a NUL byte in the instruction",
        "D:14:1: unterminated heredoc: no line says B",
    ]


def test_unknown_instruction_names_the_nearest() -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(b"FORM a\nXYZZY\nENV a\n", "D")
    assert [len(each.hints) for each in caught.value.problems] == [1, 0, 0]
    assert "FROM" in caught.value.problems[0].hints[0].upper()


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf16_is_told(mark: bytes) -> None:
    assert problems(mark + b"F\0R\0") == ["D:1:1: the file is UTF-16, not UTF-8"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# c\n", b"# escape=`", b"# escape=`\n# c"])
def test_file_without_instructions(data: bytes) -> None:
    (found,) = problems(data)
    assert found.endswith("file with no instructions")


def test_length_of_lines() -> None:
    longest = b"RUN " + b"a" * (MAX_LINE - 4)
    assert parse(b"FROM a\n" + longest + b"\n", "D").instructions[1].args == ("a" * (MAX_LINE - 4),)
    assert problems(b"FROM a\n" + longest + b"a") == [f"D:2:1: the line is longer than {MAX_LINE} bytes"]
    assert overlong_line(b"a\n" * MAX_LINE) == 0


def test_a_file_of_problems_is_not_read_to_its_end() -> None:
    found = problems("ENV x\n" * 1000)
    assert len(found) == MAX_PROBLEMS + 1
    assert "too many problems" in found[-1]


def test_text_helpers() -> None:
    assert [clean_path(each) for each in ("", "//a/", "/../a", "a/../..", "///")] == [".", "/a", "/a", "..", "/"]
    assert runes("\udcff\ud800a") == "\ufffd\ufffda"


def naive_words(text: str, escape: str) -> list[str]:
    """Cut words the slow way: one character after the other."""
    words, word, quote, at = [], "", "", 0
    while at < len(text):
        each = text[at]
        at += 1
        if each == escape and quote != "'":
            word += text[at - 1 : at + 1] if at < len(text) else ""
            at += 1
        elif quote:
            quote = "" if each == quote else quote
            word += each
        elif each in " \t":
            words += [word] if word else []
            word = ""
        else:
            quote = each if each in "'\"" else ""
            word += each
    return [*words, word] if word else words


@settings(deadline=None)
@given(st.text("ab'\"\\` \t=", max_size=20), st.sampled_from("\\`"))
def test_words_agree_with_the_slow_way(text: str, escape: str) -> None:
    assert list(split_words(text, escape)) == naive_words(text, escape)


@settings(deadline=None)
@given(st.lists(st.text("ab-= '\"\\\u00e9", min_size=1, max_size=6), max_size=4), st.text("ab ", max_size=4))
def test_escaped_flags_come_back(flags: list[str], rest: str) -> None:
    line = "".join("--x" + "".join(f"\\{each}" for each in flag) + " " for flag in flags) + "-- " + rest
    found, behind = split_flags(line, "\\")
    if all(each.isascii() for each in flags):
        assert found == tuple("--x" + each for each in flags)
        assert behind.strip() == rest.strip()


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_byte_view_loses_nothing(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert from_byte_view(byte_view(text)) == text


PIECES = st.sampled_from(
    [*sorted(KEYWORDS), "\n", "\n", "\\\n", " ", "<<A", "A\n", "\nA\n", "a=b", "--x=", "'", '"', "[", "]", "#", "\0",
     "${", "}", "\udcff", "\u00a0", "`", "\r\n", "# escape=`\n", "<<-'b'", "onbuild "]
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=25).map(
    lambda pieces: "".join(pieces).encode("utf-8", "surrogateescape"))))  # fmt: skip
def test_any_bytes_parse_or_are_refused_with_places(data: bytes) -> None:
    try:
        dockerfile = parse(data, "D")
    except DockerfileError as error:
        for each in error.problems:
            assert each.where is not None
            assert 1 <= each.where.line <= data.count(b"\n") + 1
            assert "\n" not in each.message
    else:
        lines = [each.where.line for each in dockerfile.instructions]
        assert lines == sorted(set(lines))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["FROM a", "RUN b", "ENV c d", "# e", "", "USER \u00e9 \\\n f", "COPY <<X /\n#\nX"])))
def test_no_instruction_and_no_line_is_lost(chunks: list[str]) -> None:
    expected = []
    line = 1
    for chunk in chunks:
        if chunk and not chunk.startswith("#"):
            expected.append((line, line + chunk.count("\n")))
        line += chunk.count("\n") + 1
    dockerfile, _ = read("".join(f"{chunk}\n" for chunk in chunks).encode(), "D")
    assert [(each.where.line, each.end_line) for each in dockerfile.instructions] == expected
