"""The lock between processes: one at a time, and none in the way of the next, however its holder ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mbuild.errors import LockedError
from mbuild.store.cleaning import clean
from mbuild.store.lock import MOST_SHOWN, Holder, described, held, left, mark, read

ME = Holder(os.getpid(), "mbuild all", 1_700_000_000)
HOLD = """
import sys, time, os, signal, subprocess
from pathlib import Path
from mbuild.store.lock import Holder, held, mark
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have ignored it
me = Holder(os.getpid(), sys.argv[2], 5)
with held(Path(sys.argv[1]), me, wait=True, waiting=lambda each: print("waits", flush=True)):
    child = subprocess.Popen(["sleep", "60"], start_new_session=True) if len(sys.argv) > 3 else None
    print("holds", child.pid if child else "", flush=True)
    sys.stdin.read()
print("released", flush=True)
"""


@contextmanager
def holder(path: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Start a process that takes the lock and holds it until its input ends."""
    argv = [sys.executable, "-c", HOLD, str(path), "mbuild all --push", *more]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def take(path: Path) -> list[Holder | None]:
    """Take the lock without waiting."""
    waited: list[Holder | None] = []
    with held(path, ME, wait=False, waiting=waited.append):
        pass
    return waited


def test_the_second_waits_and_is_told_for_whom(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with holder(path) as first:
        assert line(first) == "holds"
        with pytest.raises(LockedError, match=rf"another mbuild \(pid {first.pid}, 'mbuild all --push', since "):
            take(path)
        with holder(path) as second:
            assert line(second) == "waits"
            assert second.poll() is None
            assert first.stdin is not None
            first.stdin.close()
            assert line(first) == "released"
            assert line(second) == "holds"
    assert take(path) == []


@pytest.mark.parametrize("child", ["", "child"])
def test_a_killed_holder_leaves_nothing_in_the_way(tmp_path: Path, child: str) -> None:
    path = tmp_path / "lock"
    with holder(path, *([child] if child else [])) as first:
        held_by = line(first)
        first.send_signal(signal.SIGKILL)
        first.wait()
        try:
            assert take(path) == []
        finally:
            if child:
                os.kill(int(held_by.split()[1]), signal.SIGKILL)


def test_what_a_killed_holder_may_have_left_is_said_until_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    take(path)
    take(path)
    assert not left(path).exists()
    with holder(path) as first:
        assert line(first) == "holds"
        first.send_signal(signal.SIGKILL)
        first.wait()
    take(path)
    take(path)
    assert left(path).exists()


def test_a_waiting_process_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as first:
        assert line(first) == "holds"
        with holder(path) as second:
            assert line(second) == "waits"
            second.send_signal(signal.SIGINT)
            assert second.wait(20) != 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 9000,
        b"[" * 5000,
        b"{}",
        b"[1, 2]",
        b'{"pid": "1", "command": 2, "since": 3}',
        b'{"pid": true, "command": "x", "since": 3}',
        b'{"pid": 1, "command": "x"}',
        b"\xff\xfe",
    ],
)
def test_what_stands_in_the_file_is_not_trusted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert read(file.fileno()) is None
    assert take(path) == []
    assert described(None) == "another mbuild"


def test_what_is_shown_is_one_short_line() -> None:
    text = described(Holder(-5, "mbuild \x1b[31m\n" + "x" * 5000, 10**30))
    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) < MOST_SHOWN + 100
    assert text.endswith("since an unknown time)")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        take(tmp_path / "lock")
    assert not (tmp_path / "elsewhere").exists()


def test_cleaning_waits_for_nobody_and_leaves_no_lock_behind(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with holder(folder / "a.lock") as first:
        assert line(first) == "holds"
        (folder / "history.db").write_text("x")
        (folder / "more").mkdir()
        with pytest.raises(LockedError):
            clean(folder)
        assert (folder / "history.db").exists()
    clean(folder)
    assert not folder.exists()
    clean(folder)


def test_who_waits_for_a_file_that_is_removed_takes_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as first:
        assert line(first) == "holds"
        with holder(path) as second:
            assert line(second) == "waits"
            path.unlink()
            with holder(path) as third:
                assert line(third) == "holds"
                assert first.stdin is not None
                first.stdin.close()
                assert line(second) == "waits"
                assert third.stdin is not None
                third.stdin.close()
                assert line(second) == "holds"


def test_a_mark_is_kept_and_belongs_to_one_place(tmp_path: Path) -> None:
    path = tmp_path / "a.owner"
    first = mark(path)
    assert len(first) == 32
    assert mark(path) == first
    copy = tmp_path / "b.owner"
    copy.write_bytes(path.read_bytes())
    assert mark(copy) != first
    path.write_bytes(b"short")
    assert mark(path) not in ("", first)


def test_where_no_mark_can_be_kept_there_is_none(tmp_path: Path) -> None:
    assert mark(tmp_path / "no folder" / "a.owner") == ""
    path = tmp_path / "a.owner"
    path.write_bytes(b"x" * 100)
    assert mark(path) == ""
