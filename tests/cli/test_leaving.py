"""How the process ends: all output is there, and the code is that of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.cli.shop import FILES
from tests.support import Repo


def argv(repo: Repo, *args: str) -> list[str]:
    return [sys.executable, "-m", "mbuild", "-C", str(repo.folder), *args]


def mbuild(repo: Repo, *args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(argv(repo, *args), capture_output=True)


def unread(
    repo: Repo, *args: str, environ: Mapping[str, str] | None = None, stderr: int | None
) -> subprocess.CompletedProcess[bytes]:
    """Run mbuild where nobody reads stdout, nor stderr where that is None."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        to = writer if stderr is None else stderr
        return subprocess.run(argv(repo, *args), stdout=writer, stderr=to, env=os.environ | (environ or {}))
    finally:
        os.close(writer)


def test_long_answers_arrive_whole(repo: Repo) -> None:
    repo.commit(FILES | {f"web/{number}": "" for number in range(3000)})
    done = mbuild(repo, "context", "web", "--list")
    assert done.returncode == 0
    assert done.stdout.count(b"\n") > 3000


def test_errors_have_their_code_and_their_words(repo: Repo) -> None:
    repo.commit({"build.yaml": "version: 2\n"})
    done = mbuild(repo, "check")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: build.yaml:1:10: ")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("context", "web", "--list"), 0),
        (("affected", "--list", "--base", "HEAD", "--exit-code"), 1),
        (("affected", "--list", "--base", "HEAD", "--exit-code", "--format", "json"), 1),
        (("affected", "--dry-run", "--base", "HEAD", "--exit-code"), 1),
        (("--help",), 0),
    ],
)
@pytest.mark.parametrize("ci", ["", "1"])
def test_without_a_reader_of_the_answer_the_code_is_the_same(
    repo: Repo, args: Sequence[str], code: int, ci: str
) -> None:
    repo.commit(FILES)
    repo.write({"web/index.html": "changed"})
    done = unread(repo, *args, environ={"GITHUB_ACTIONS": ci} if ci else None, stderr=subprocess.PIPE)
    assert done.returncode == code
    assert b"bug" not in done.stderr
    assert b"Broken pipe" not in done.stderr


@pytest.mark.parametrize("progress", ["plain", "json", "auto"])
def test_a_run_goes_on_to_its_end_without_a_reader(repo: Repo, progress: str) -> None:
    repo.commit(FILES)
    args = ("--progress", progress, "all", "--builder", "oci", "--metadata", str(repo.folder.parent / "m.json"))
    done = unread(repo, *args, environ={"GITHUB_ACTIONS": "1"}, stderr=None)
    assert done.returncode == 0
    made = json.loads((repo.folder.parent / "m.json").read_text())
    assert {each["status"] for each in made["images"]} == {"built"}


def test_a_failed_build_has_failed_without_a_reader(repo: Repo) -> None:
    repo.commit(FILES | {"web/Dockerfile": "FROM scratch\nADD https://localhost:1/x /\n"})
    args = ("all", "--builder", "oci", "--retries", "1")
    assert unread(repo, *args, stderr=None).returncode == mbuild(repo, *args).returncode != 0


def test_an_answer_that_cannot_be_written_is_an_error(repo: Repo) -> None:
    repo.commit(FILES)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(argv(repo, "graph"), stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 4
        assert done.stderr == b"error: the answer cannot be written: No space left on device\n"
        assert subprocess.run(argv(repo, "graf"), stdout=subprocess.PIPE, stderr=full).returncode == 2


@pytest.mark.parametrize(("args", "code"), [("graph", 0), ("graf", 2), ("--version", 0)])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_nobody_reading(repo: Repo, args: str, code: int, closed: str) -> None:
    repo.commit(FILES)
    line = ["-m", "mbuild", args] if args == "--version" else argv(repo, args)[1:]
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *line], capture_output=True)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert b"bug" not in done.stderr


def test_a_version_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "mbuild", "--version"], stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (4, b"error: the answer cannot be written: No space left on device\n")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
@pytest.mark.parametrize("args", [("affected", "--help"), ("affected", "--list", "--base", "HEAD")])
def test_what_an_encoding_cannot_show_is_escaped(repo: Repo, encoding: str, args: tuple[str, ...]) -> None:
    repo.commit(FILES)
    repo.write({"api/日": "x"})
    done = subprocess.run(argv(repo, *args), env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = "日" if encoding == "utf-8" else "\\u65e5"
    assert args[-1] == "--help" or f"api/{shown}" in done.stdout.decode(encoding)
