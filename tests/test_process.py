"""Work that is spread over processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mbuild.errors import EnvironmentFault
from mbuild.process import start
from mbuild.process.spread import spread


def double(number: int) -> tuple[int, int]:
    return number * 2, os.getpid()


def die(number: int) -> int:
    if number:
        os._exit(9)
    time.sleep(60)
    return number


def refuse(number: int) -> int:
    raise ValueError(f"{number}")


def test_each_part_has_a_process_of_its_own() -> None:
    found = spread(double, [1, 2, 3])
    assert [number for number, _ in found] == [2, 4, 6]
    assert os.getpid() not in {process for _, process in found}


def test_a_process_that_is_killed_ends_all_of_them() -> None:
    begun = time.monotonic()
    with pytest.raises(EnvironmentFault, match="a process of mbuild was killed"):
        spread(die, [0, 1])
    assert time.monotonic() - begun < 30


def test_what_one_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="7"):
        spread(refuse, [7])


def test_ctrl_c_ends_all_of_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, pathlib, time\n"
        "from mbuild.process.spread import spread\n"
        "def wait(folder):\n"
        "    pathlib.Path(folder, str(os.getpid())).touch()\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        f"    spread(wait, [{str(tmp_path)!r}] * 2)\n"
    )
    running = subprocess.Popen([sys.executable, str(program)], stderr=subprocess.PIPE, start_new_session=True)
    while len(found := [each for each in tmp_path.iterdir() if each.name.isdigit()]) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, 2)
    _, err = running.communicate(timeout=30)
    assert err.decode().count("Traceback") == 1, "that of the process that waits"
    for each in found:
        with pytest.raises(ProcessLookupError):
            os.kill(int(each.name), 0)


@pytest.mark.timeout(60)
def test_what_a_child_does_not_take_does_not_hold_up_its_end() -> None:
    child = start(["sleep", "600"], stdin=True)
    os.set_blocking(child.stdin.fileno(), False)
    with pytest.raises(BlockingIOError):
        for _ in range(1000):
            child.stdin.write(b"x" * 1000)
    os.set_blocking(child.stdin.fileno(), True)
    child.close()
    child.close()
    assert child.stdin.closed
    assert child.wait(0.1) is None
    child.end(0.1)
    assert child.wait(5) == -2


@pytest.mark.timeout(60)
def test_standard_error_that_is_kept_holds_nobody_up() -> None:
    child = start(["sh", "-c", "head -c 1000000 /dev/zero >&2; echo out; echo end >&2; exit 3"], keep=True)
    assert child.stdout.read() == b"out\n"
    assert child.said() == bytes(1_000_000) + b"end\n"
    assert child.wait() == 3
    child.close()


def test_standard_error_is_kept_where_there_are_no_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> int:
        raise OSError(errno.ENOSYS, name)

    monkeypatch.setattr(os, "memfd_create", refused)
    child = start(["sh", "-c", "echo said >&2"], keep=True)
    assert child.said() == b"said\n"
    child.close()


def test_what_cannot_be_started_leaves_no_file_open() -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(EnvironmentFault, match="not found"):
        start(["/nowhere/at/all"], keep=True)
    with pytest.raises(ValueError, match="null byte"):
        start(["a\0b"], keep=True)
    assert len(list(Path("/dev/fd").iterdir())) == before
