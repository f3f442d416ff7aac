"""Monorepos as commits of a real repository, written by ``git fast-import``, and as a work tree on disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.oracle.soundness.render import CONFIG
from tests.oracle.soundness.values import SUBMODULE, Blob, Tree

_AUTHOR = b"Tester <tester@example.com> 1600000000 +0000"
_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.com",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *args: str, stdin: bytes | None = None) -> bytes:
    """Run git in a folder."""
    done = subprocess.run(
        ["git", *args], cwd=folder, env=os.environ | _ENVIRONMENT, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout


def new_repository(folder: Path) -> Path:
    """Make a repository; its work tree holds a build.yaml only, which is how mbuild finds it."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / CONFIG).write_bytes(b"version: 1\n")
    return folder


def commit_all(folder: Path, trees: Iterable[Tree]) -> list[str]:
    """Commit trees one on top of the other; return their ids."""
    stream: list[bytes] = []
    marks: dict[bytes, int] = {}
    commits: list[int] = []
    for tree in trees:
        lines = [_line(path, blob, marks, stream) for path, blob in tree.items()]
        commits.append(len(marks) + 1)
        marks[b"commit %d" % commits[-1]] = commits[-1]
        head = b"commit refs/heads/main\nmark :%d\ncommitter %b\ndata 6\nchange\n" % (commits[-1], _AUTHOR)
        stream += [head, b"deleteall\n", *lines, b"\n"]
    names = folder / ".git" / "marks"
    git(folder, "fast-import", "--quiet", f"--export-marks={names}", stdin=b"".join(stream))
    found = dict(line.split(" ") for line in names.read_text().splitlines())
    return [found[f":{mark}"] for mark in commits]


def _line(path: str, blob: Blob, marks: dict[bytes, int], stream: list[bytes]) -> bytes:
    """Return what puts a blob at a path; its content goes into the stream when it is new."""
    if blob.mode == SUBMODULE:
        return b"M %o %b %b\n" % (blob.mode, blob.data, _quoted(path))
    if blob.data not in marks:
        marks[blob.data] = len(marks) + 1
        stream.append(b"blob\nmark :%d\ndata %d\n%b\n" % (marks[blob.data], len(blob.data), blob.data))
    return b"M %o :%d %b\n" % (blob.mode, marks[blob.data], _quoted(path))


def _quoted(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
