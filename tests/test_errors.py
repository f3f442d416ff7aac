"""Problems are printed and kept: no credentials of a URL get into one."""

from __future__ import annotations

import pickle

import pytest

from mbuild.errors import (
    ChangedWhileRead,
    ExitCode,
    GitError,
    Problem,
    Where,
    and_more,
    listed,
    printable,
    without_credentials,
)
from mbuild.references import quoted

HIDDEN = {
    "https://user:pw@host/x": "https://***@host/x",
    "https://token@host/x": "https://***@host/x",
    "https://:pw@host": "https://***@host",
    "HTTP://u:p@host:8080/x?y=z@w": "HTTP://***@host:8080/x?y=z@w",
    "https://u:p%40w@host/x and https://t@other/y": "https://***@host/x and https://***@other/y",
    "could not read Password for 'http://token@127.0.0.1:1': prompts": (
        "could not read Password for 'http://***@127.0.0.1:1': prompts"
    ),
    "ssh://git:pw@host/x": "ssh://***@host/x",
    "git+https://u:p@host/x.git": "git+https://***@host/x.git",
    "redis://:pw@host": "redis://***@host",
    "proxy http://user:p#w/d@host:3128": "proxy http://***@host:3128",
    "http://user:12ab@host": "http://***@host",
    "http://user:8080@host": "http://***@host",
}
LEFT = (
    "https://host/x@v1",
    "http://host:8080/x@y",
    "http://127.0.0.1:5000/v2/a@sha256:00",
    "ssh://git@github.com/a/b",
    "git@github.com:a/b",
    "docker-image://alpine:3.20@sha256:00",
    "docker-image://localhost:5000/a:b@sha256:00",
    "oci-layout://x:latest@sha256:00",
    "me@example.com, see https://example.com",
    "'https://example.com' of me@example.com",
)


@pytest.mark.parametrize("text", HIDDEN)
def test_credentials_are_hidden(text: str) -> None:
    assert without_credentials(text) == HIDDEN[text]
    assert without_credentials(HIDDEN[text]) == HIDDEN[text]


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_credentials(text) == text


def test_no_problem_has_them() -> None:
    problem = Problem("no https://a:b@host", hints=("git fetch https://a:b@host",))
    assert (problem.message, problem.hints) == ("no https://***@host", ("git fetch https://***@host",))
    assert str(GitError("no https://a:b@host")) == "no https://***@host"


def test_a_shortened_name_has_no_half_of_them() -> None:
    assert quoted(f"https://user:{'x' * 99}@host/y") == "'https://***@host/y'"


def test_an_error_of_another_process_keeps_what_it_says() -> None:
    problem = Problem("no", Where("a", 1), ("do",))
    found = pickle.loads(pickle.dumps(GitError([problem])))
    assert (type(found), found.problems, str(found)) == (GitError, (problem,), "a:1: no")
    changed = pickle.loads(pickle.dumps(ChangedWhileRead("x")))
    assert (changed.path, changed.exit_code) == ("x", ExitCode.ENVIRONMENT)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (["x"] * 1236, "x, x and 1,234 more"),
    ],
)
def test_a_shortened_list_says_how_many_are_left_out(names: list[str], said: str) -> None:
    assert listed(names, 2) == said
    assert listed(names, 2, str.upper).partition(" and ")[0] == said.partition(" and ")[0].upper()
    assert said.endswith(and_more(len(names) - 2)) == (len(names) > 2)


def test_half_a_character_can_be_shown() -> None:
    assert printable("a\udcff\ud83d") == r"a\udcff\ud83d"
    assert printable("a\udcff\n") == r"a\xff\n"
