"""Writing a monorepo as a git repository with a work tree: one ``git fast-import``, one checkout."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bench.monorepo.branches import MAIN, Branch

WHEN = 1_700_000_000
"""Seconds since 1970 of every commit, so that their ids are the same everywhere."""

FAST = ("-c", "core.compression=1", "-c", "core.fsync=none", "-c", "fastimport.unpackLimit=0")


def environment() -> dict[str, str]:
    """Return an environment in which no one's own git configuration counts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *args: str) -> str:
    """Run git in a folder and return what it printed. Raises CalledProcessError."""
    done = subprocess.run(["git", *args], cwd=folder, env=environment(), check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().strip()


def write(folder: Path, files: Mapping[str, bytes], branches: Iterable[Branch]) -> None:
    """Make a repository in a new folder: main is checked out, every branch is one commit on top of it."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", MAIN)
    for key, value in (("user.name", "bench"), ("user.email", "bench@example.com"), ("gc.auto", "0")):
        git(folder, "config", key, value)
    command = ["git", *FAST, "fast-import", "--quiet", "--done"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None
        for chunk in _chunks(_stream(files, branches)):
            importing.stdin.write(chunk)
        importing.stdin.close()
    if importing.returncode:
        raise subprocess.CalledProcessError(importing.returncode, command)
    git(folder, *FAST, "reset", "-q", "--hard", MAIN)
    settle(folder)


def settle(folder: Path) -> None:
    """Let git write an index that is a second younger than all files: else each status would read them again."""
    time.sleep(1.05 - time.time() % 1)
    git(folder, "status", "--porcelain", "-z")


def _stream(files: Mapping[str, bytes], branches: Iterable[Branch]) -> Iterator[bytes]:
    yield from _commit(MAIN, "All files", files, None)
    for branch in branches:
        yield from _commit(branch.name, f"Change {branch.name}", branch.edits, MAIN)
    yield b"done\n"


def _commit(branch: str, subject: str, files: Mapping[str, bytes], parent: str | None) -> Iterator[bytes]:
    ref = f"refs/heads/{branch}"
    yield f"commit {ref}\ncommitter bench <bench@example.com> {WHEN} +0000\ndata {len(subject)}\n{subject}\n".encode()
    if parent:
        yield f"from refs/heads/{parent}\n".encode()
    for path, text in files.items():
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text)
    yield b"\n"


def _chunks(lines: Iterable[bytes], size: int = 1 << 20) -> Iterator[bytes]:
    held: list[bytes] = []
    length = 0
    for line in lines:
        held.append(line)
        length += len(line)
        if length > size:
            yield b"".join(held)
            held, length = [], 0
    yield b"".join(held)
