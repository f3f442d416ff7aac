"""How the process ends: all output is there, and the code is that of the command line."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.cli.shop import FILES
from tests.support import Repo


def mbuild(repo: Repo, *args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "mbuild", "-C", str(repo.folder), *args], capture_output=True)


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


def test_whoever_stops_reading_is_no_error(repo: Repo) -> None:
    repo.commit(FILES | {f"web/{number}": "" for number in range(3000)})
    argv = [sys.executable, "-m", "mbuild", "-C", str(repo.folder), "context", "web", "--list"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(argv, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
