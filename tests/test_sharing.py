"""Work that is shared with copies of the process. Each test is a program of its own: the tests' process has threads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")

BEGIN = """
import ctypes, json, os, sys, threading, time
from mbuild.process import copies
from mbuild.process import share as module
from mbuild.process.share import aside, share
from mbuild.process.gate import waiting
module.processors = lambda: 3
me, files = os.getpid(), len(os.listdir("/proc/self/fd"))

def dump(found):
    return json.dumps(found).encode()

def done(work, count=9):
    found = share(work, list(range(count)), 3, dump, json.loads)
    print(json.dumps([[process != me, part] for process, part in found]))

def plain(part):
    return [os.getpid(), part]
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, text=True, timeout=60)


def answer(program: str) -> Any:
    ended = run(program + "\nassert len(os.listdir('/proc/self/fd')) == files, 'pipes are closed'")
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


PARTS: list[Any] = [[True, [0, 1, 2]], [True, [3, 4, 5]], [True, [6, 7, 8]]]
ALONE = [[False, part] for _, part in PARTS]


def test_parts_are_done_at_the_same_time_and_in_order() -> None:
    assert answer("done(plain)") == PARTS


def test_few_items_are_not_worth_a_copy() -> None:
    assert answer("done(plain, 5)") == [[False, [0, 1, 2, 3, 4]]]
    assert answer("done(plain, 0)") == [[False, []]]


@pytest.mark.parametrize(
    "fault",
    ["os._exit(9)", "os.kill(os.getpid(), 9)", "time.sleep(60)", "raise ValueError", "sys.exit()"],
)
def test_what_a_copy_fails_to_do_is_done_here(fault: str) -> None:
    begun = time.monotonic()
    program = f"""
copies.PATIENCE = 0.5
def work(part):
    if os.getpid() != me and part[0] == 3:
        {fault}
    return plain(part)
"""
    assert answer(program + "done(work)") == [PARTS[0], ALONE[1], PARTS[2]]
    assert time.monotonic() - begun < 30


def test_whoever_is_done_takes_the_next_piece() -> None:
    program = """
def work(part):
    time.sleep(1 if part[0] == 0 else 0.01)
    return plain(part)
found = share(work, list(range(36)), 12, dump, json.loads, 6)
who = [process for process, _ in found]
print(json.dumps([len(set(who)), who.count(who[0]), me in who, [each for _, part in found for each in part]]))
"""
    assert answer(program) == [3, 1, False, list(range(36))]


def test_pieces_of_copies_that_end_are_done_here() -> None:
    program = """
def work(part):
    if os.getpid() != me and part[0] in {}:
        os._exit(9)
    return plain(part)
found = share(work, list(range(18)), 6, dump, json.loads, 2)
print(json.dumps([[process == me for process, _ in found], [each for _, part in found for each in part]]))
"""
    assert answer(program.format("(3,)")) == [[number == 1 for number in range(6)], list(range(18))]
    here, items = answer(program.format("range(18)"))
    assert (here, items) == ([True] * 6, list(range(18))), "all copies end with their first piece"


def test_the_process_itself_can_be_one_of_those_that_work() -> None:
    program = """
def work(part):
    time.sleep(0.05)
    return plain(part)
found = share(work, list(range(36)), 12, dump, json.loads, 6, along=True)
who = {process for process, _ in found}
print(json.dumps([len(who), me in who, [each for _, part in found for each in part]]))
"""
    assert answer(program) == [3, True, list(range(36))]


@pytest.mark.parametrize("fault", ["os._exit(9)", "time.sleep(60)", "raise ValueError", "time.sleep(0.2)"])
def test_whoever_works_along_does_what_copies_fail_to_do(fault: str) -> None:
    begun = time.monotonic()
    program = f"""
copies.PATIENCE = 0.5
def work(part):
    if os.getpid() != me:
        {fault}
    time.sleep(0.1)  # so that the copies take some
    return plain(part)
found = share(work, list(range(18)), 6, dump, json.loads, 2, along=True)
print(json.dumps([each for _, part in found for each in part]))
"""
    assert answer(program) == list(range(18))
    assert time.monotonic() - begun < 30


def test_whoever_works_along_takes_what_copies_have_made_meanwhile() -> None:
    # Each is more than a pipe holds as it comes: a copy would make one while this process makes one.
    program = """
def work(part):
    time.sleep(0.4 if os.getpid() == me else 0.01)
    return [os.getpid(), 'x' * 400_000]
found = share(work, list(range(18)), 6, dump, json.loads, 6, along=True)
print(json.dumps([{*(len(text) for _, text in found)} == {400_000}, [process for process, _ in found].count(me) < 6]))
"""
    assert answer(program) == [True, True]


def test_what_is_raised_by_whoever_works_along_is_raised_once() -> None:
    ended = run("""
def work(part):
    if 4 in part: raise ValueError('four')
    return plain(part)
share(work, list(range(9)), 3, dump, json.loads, along=True)
""")
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.endswith("ValueError: four\n")


def test_what_is_raised_is_raised_before_the_others_are_done() -> None:
    begun = time.monotonic()
    ended = run("""
def work(part):
    if 4 in part: raise ValueError('four')
    time.sleep(60)
done(work)
""")
    assert ended.stderr.endswith("ValueError: four\n")
    assert time.monotonic() - begun < 30


def test_what_is_raised_is_raised_here_and_once() -> None:
    ended = run("def work(part):\n    if 4 in part: raise ValueError('four')\n    return plain(part)\ndone(work)")
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.endswith("ValueError: four\n")


def test_big_results_are_handed_over() -> None:
    program = "found = share(lambda part: 'x' * 5_000_000, [1, 2, 3], 1, dump, json.loads)\nprint([*map(len, found)])"
    assert answer(program) == [5_000_000] * 3


def test_without_room_for_processes_it_is_done_here() -> None:
    assert answer("def fork(): raise BlockingIOError(11, 'no')\nos.fork = fork\ndone(plain)") == ALONE


def test_a_thread_that_works_forbids_copies() -> None:
    program = "stop = threading.Event()\nthread = threading.Thread(target={})\nthread.start()\ntime.sleep(0.2)\n"
    end = "done(plain)\nstop.set()\nthread.join()"
    assert answer(program.format("stop.wait") + end) == ALONE
    waits = "def wait():\n    with waiting():\n        stop.wait()\n"
    assert answer(waits + program.format("wait") + end) == PARTS
    # In a copy no thread waits any more, and it can make copies of its own.
    inner = "def work(part):\n    return [os.getpid(), share(lambda part: part, part, 1, dump, json.loads)]\n"
    apart: list[list[Any]] = [[copied, [[each] for each in part]] for copied, part in PARTS]
    assert answer(waits + inner + program.format("wait") + end.replace("plain", "work")) == apart


def test_ctrl_c_ends_all_of_them(tmp_path: Path) -> None:
    program = f"""
import pathlib
def work(part):
    pathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch()
    time.sleep(60)
done(work)
"""
    running = subprocess.Popen([sys.executable, "-c", BEGIN + program], stderr=subprocess.PIPE, start_new_session=True)
    while len(found := [*tmp_path.iterdir()]) < 3:
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert err.decode().count("Traceback") == 1, "that of the process that waits"
    for each in found:
        with pytest.raises(ProcessLookupError):
            os.kill(int(each.name), 0)


def test_copies_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import pathlib
def wait(part):
    pathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch()
    time.sleep(60)
with aside(lambda: share(wait, list(range(9)), 3, dump, json.loads), dump, json.loads, worth=True) as later:
    later()
"""
    running = subprocess.Popen([sys.executable, "-c", BEGIN + program])
    while len(found := [*tmp_path.iterdir()]) < 3:
        assert running.poll() is None
        time.sleep(0.05)
    running.kill()
    running.wait()
    until = time.monotonic() + 20
    while left := [each.name for each in found if _works(each.name)]:
        assert time.monotonic() < until, left
        time.sleep(0.05)


def _works(process: str) -> bool:
    """Tell whether a process is there and no zombie, which nobody may be there to wait for."""
    try:
        return ") Z " not in Path("/proc", process, "stat").read_text()
    except FileNotFoundError:
        return False


def test_work_goes_on_aside() -> None:
    program = """
with aside(lambda: os.getpid(), dump, json.loads, worth={}) as later:
    {}
    found = later()
print(json.dumps(found != me))
"""
    assert answer(program.format(True, "time.sleep(0.1)")) is True
    assert answer(program.format(False, "")) is False
    assert answer("module.processors = lambda: 1\n" + program.format(True, "")) is False


def test_what_is_done_aside_is_there_before_its_copy_has_ended() -> None:
    begun = time.monotonic()
    program = """
ends = os._exit
def exits(code):
    time.sleep(60)
os._exit = exits
with aside(lambda: os.getpid(), dump, json.loads, worth=True) as later:
    found = later()
os._exit = ends
print(json.dumps(found != me))
"""
    assert answer(program) is True
    assert time.monotonic() - begun < 30


def test_copies_may_need_what_is_done_aside() -> None:
    program = """
def work():
    time.sleep(0.3)
    return [os.getpid(), "x" * 5_000_000]
with aside(work, dump, json.loads, worth=True) as later:
    found = share(lambda part: [os.getpid(), later()], list(range(9)), 3, dump, json.loads)
    found.append([me, later()])
assert {text for _, (_, text) in found} == {"x" * 5_000_000}
print(json.dumps([len({process for process, _ in found}), sorted({made == me for _, (made, _) in found})]))
"""
    assert answer(program) == [4, [False]]


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 9)", "1 / 0"])
def test_what_a_copy_fails_to_do_aside_is_done_here(end: str) -> None:
    program = f"""
def work():
    if os.getpid() != me:
        {end}
    return os.getpid()
with aside(work, dump, json.loads, worth=True) as later:
    print(json.dumps(later() == me))
"""
    assert answer(program) is True


def test_what_was_cut_short_aside_is_done_here() -> None:
    program = """
def cut(found):
    raw = dump(found)
    if os.getpid() != me:
        os.pwrite, real = (lambda *args: os._exit(9)), os.pwrite
    return raw
with aside(lambda: os.getpid(), cut, json.loads, worth=True) as later:
    print(json.dumps(later() == me))
"""
    assert answer(program) is True


def test_without_files_in_memory_nothing_is_done_aside() -> None:
    program = """
def refused(name):
    raise OSError(38, name)
os.memfd_create = refused
with aside(lambda: os.getpid(), dump, json.loads, worth=True) as later:
    print(json.dumps(later() == me))
"""
    assert answer(program) is True


def test_nothing_may_be_what_is_done_aside() -> None:
    assert (
        answer("""
with aside(lambda: os.getpid() == me, lambda found: b"", lambda raw: list(raw), worth=True) as later:
    print(json.dumps(later()))
""")
        == []
    )


def test_who_leaves_early_leaves_no_copy() -> None:
    program = """
try:
    with aside(lambda: time.sleep(60), dump, json.loads, worth=True) as later:
        raise KeyError
except KeyError:
    pass
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print(1)
"""
    assert answer(program) == 1
