"""Work that is spread over processes."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mbuild.errors import EnvironmentFault
from mbuild.process import start
from mbuild.process.spread import spread
from tests.support import Repo


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


WAITING = """
import os, pathlib, time
from mbuild.process.spread import spread
def wait(folder):
    pathlib.Path(folder, str(os.getpid())).touch()
    time.sleep(60)
if __name__ == '__main__':
    spread(wait, [{folder!r}] * 2)
"""


def test_ctrl_c_ends_all_of_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(WAITING.format(folder=str(tmp_path)))
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


def ended(process: int) -> bool:
    """Tell whether a process is gone; one that nobody has waited for yet is."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def still_there(processes: list[int]) -> list[int]:
    """Return those that have not ended in a while, which is much less than they would take by themselves."""
    until = time.monotonic() + 10
    while (found := [each for each in processes if not ended(each)]) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def numbers(folder: Path, count: int) -> list[int]:
    """Wait for files that are called as processes are, and return these."""
    until = time.monotonic() + 30
    while len(found := [int(each.name) for each in folder.iterdir() if each.name.isdigit()]) < count:
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


STAY = 'trap "" TERM INT; touch "$0/$BASHPID"; for _ in {1..60}; do sleep 1; done'
SLEEPS = {
    "one that ends": 'touch "$0/$$"; sleep 60',
    "one that takes no notice": STAY,
    "one below one that ends": f'({STAY}) & touch "$0/$$"; wait',
}

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux
@pytest.mark.parametrize("thread", ["", "Begun"])
@pytest.mark.parametrize("script", SLEEPS.values(), ids=SLEEPS)
def test_what_ends_this_process_ends_its_children(script: str, thread: str, tmp_path: Path) -> None:
    program = (
        "from mbuild.process import run\n"
        "from mbuild.process.begun import Begun, Later\n"
        f"{thread or 'Later'}(lambda: run(['bash', '-c', {script!r}, {str(tmp_path)!r}])).result()\n"
    )
    running = subprocess.Popen([sys.executable, "-c", program])
    children = numbers(tmp_path, 1 + ("wait" in script))
    running.terminate()
    assert running.wait(10) == -signal.SIGTERM
    assert still_there(children) == []


@linux
def test_what_ends_this_process_ends_those_that_share_its_work(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(WAITING.format(folder=str(tmp_path)))
    running = subprocess.Popen([sys.executable, str(program)])
    children = numbers(tmp_path, 2)
    running.kill()
    assert running.wait(10) == -signal.SIGKILL
    assert still_there(children) == []


@linux
@pytest.mark.parametrize("script", SLEEPS.values(), ids=SLEEPS)
def test_the_end_of_a_child_is_that_of_its_group(script: str, tmp_path: Path) -> None:
    child = start(["bash", "-c", script, str(tmp_path)])
    children = numbers(tmp_path, 1 + ("wait" in script))
    child.end(0.2)
    child.close()
    assert still_there(children) == []


@linux
@pytest.mark.parametrize("script", SLEEPS.values(), ids=SLEEPS)
def test_mbuild_leaves_no_buildx_behind(script: str, tmp_path: Path, repo: Repo) -> None:
    programs, places = tmp_path / "bin", tmp_path / "places"
    programs.mkdir()
    places.mkdir()
    docker = programs / "docker"
    docker.write_text(f"#!/bin/bash\nexec bash -c {shlex.quote(script)} {shlex.quote(str(places))}\n")
    docker.chmod(0o755)
    repo.commit({"docker-bake.hcl": 'target "a" {}\n', "Dockerfile": "FROM scratch\n"})
    running = subprocess.Popen(
        [sys.executable, "-m", "mbuild", "-C", str(repo.folder), "affected", "--base", "HEAD", "--list"],
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
    )
    children = numbers(places, 1 + ("wait" in script))
    running.terminate()
    assert running.wait(10) == -signal.SIGTERM
    assert still_there(children) == []
