"""What a test writes and what it finds: bounded, and compared exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.builders import testing
from mbuild.builders.testing import LONGEST_LINE, MOST_BYTES, Output, Seen, mismatches, shown
from mbuild.events import Event, LogLine
from mbuild.images import ExpectedFile, ImageTest

FILE = Seen("file", 0o644, 5, 6)


def written(*pieces: bytes) -> tuple[list[str], tuple[str, ...]]:
    """Return the lines that are shown of some output, and the last ones."""
    events: list[Event] = []
    output = Output("api", events.append)
    for each in pieces:
        output.feed(each)
    last = output.close()
    assert all(isinstance(each, LogLine) and (each.image, each.step) == ("api", "test") for each in events)
    return [each.text for each in events if isinstance(each, LogLine)], last


def test_lines_are_whole_however_they_come() -> None:
    assert written(b"on", b"e\ntwo\r\n", b"\nfour") == (["one", "two", "", "four"], ("one", "two", "", "four"))
    assert written(b"\xff\xc3", b"\xa4\n") == (["\ufffdä"], ("\ufffdä",))
    assert written() == ([], ())


def test_lines_of_two_streams_do_not_mix() -> None:
    events: list[Event] = []
    output = Output("api", events.append)
    for data, stream in ((b"ou", 1), (b"er", 2), (b"t\n", 1), (b"r", 2)):
        output.feed(data, stream)
    assert output.close() == ("out", "err")
    assert [each.text for each in events if isinstance(each, LogLine)] == ["out", "err"]


@given(st.binary(max_size=200), st.integers(1, 7))
def test_pieces_make_no_difference(data: bytes, size: int) -> None:
    assert written(*(data[at : at + size] for at in range(0, len(data), size))) == written(data)


def test_a_line_without_end_is_cut() -> None:
    lines, last = written(*[b"x" * 5000] * 10)
    assert "".join(lines) == "x" * 50_000
    assert max(map(len, lines)) == LONGEST_LINE
    assert len(last) == len(lines)
    assert written(b"y" * 20_000 + b"\n")[0] == ["y" * LONGEST_LINE, "y" * LONGEST_LINE, "y" * (20_000 % LONGEST_LINE)]


def test_what_is_too_much_is_not_shown_but_the_last_lines_are_known() -> None:
    lines, last = written(*[b"1234567\n" * 1000] * 600, b"end\n")
    assert sum(len(each) + 1 for each in lines[:-1]) <= MOST_BYTES
    assert lines[-1] == "(what is written beyond 4 MiB is not shown)"
    assert lines[-2] == "1234567"
    assert (len(last), last[-1]) == (testing.LOG_LINES, "end")


@pytest.mark.parametrize(
    ("expected", "seen", "why"),
    [
        (ExpectedFile("/x"), FILE, ""),
        (ExpectedFile("/x"), None, "is not there"),
        (ExpectedFile("/x", "absent"), None, ""),
        (ExpectedFile("/x", "absent"), FILE, "is there"),
        (ExpectedFile("/x", "file", "0644", "5:6"), FILE, ""),
        (ExpectedFile("/x", owner="5"), FILE, ""),
        (ExpectedFile("/x", owner="6"), FILE, "belongs to 5:6, not to 6"),
        (ExpectedFile("/x", owner="5:7"), FILE, "belongs to 5:6, not to 5:7"),
        (ExpectedFile("/x", mode="0600"), FILE, "has the mode 0644, not 0600"),
        (ExpectedFile("/x", mode="0755"), Seen("file", 0o4755, 0, 0), "has the mode 4755, not 0755"),
        (ExpectedFile("/x", "directory"), FILE, "is a file, not a directory"),
        (ExpectedFile("/x", "file"), Seen("symlink", 0o777, 0, 0), "is a symbolic link, not a file"),
        (ExpectedFile("/x", "file"), Seen("other", 0o644, 0, 0), "is something special, not a file"),
    ],
)
def test_what_is_expected_of_a_file(expected: ExpectedFile, seen: Seen | None, why: str) -> None:
    found = list(mismatches(ImageTest(files=(expected,)), [(expected, seen)]))
    assert [each.message for each in found] == ([f"the test failed: /x {why}"] if why else [])


def test_a_command_is_shown_as_a_shell_takes_it() -> None:
    assert shown(["sh", "-c", "echo 'x'\n"]) == """sh -c 'echo '"'"'x'"'"'\n'"""
    assert len(shown(["x" * 1000])) == 120
