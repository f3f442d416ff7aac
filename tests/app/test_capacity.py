"""What a machine has: this one, within the limits of its container, or the engine's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mbuild.app import capacity
from mbuild.app.capacity import this_machine
from mbuild.builders.engine import Engine
from mbuild.builders.engine_store import EngineStore
from mbuild.schedule.jobs import Capacity

MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
PROCESSORS = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Capacity(PROCESSORS, MEMORY)),
        ({"cpu.max": "max 100000\n", "memory.max": "max\n"}, Capacity(PROCESSORS, MEMORY)),
        ({"cpu.max": "100000 100000\n", "memory.max": "1048576\n"}, Capacity(1, 1 << 20)),
        ({"cpu.max": "20000 100000\n"}, Capacity(1, MEMORY)),
        ({"cpu.max": "100000000 100000\n", "memory.max": f"{1 << 60}\n"}, Capacity(PROCESSORS, MEMORY)),
        ({"cpu.max": "", "memory.max": "\xff"}, Capacity(PROCESSORS, MEMORY)),
    ],
)
def test_this_machine(
    files: dict[str, str], expected: Capacity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(capacity, "_CGROUP", tmp_path)
    assert this_machine() == expected


@pytest.mark.parametrize(
    ("info", "expected"),
    [({"NCPU": 8, "MemTotal": 5}, Capacity(8, 5)), ({"NCPU": 8}, Capacity(8)), ({}, None), ({"NCPU": 0}, None)],
)
def test_the_engine_says_what_it_has(info: dict[str, int], expected: Capacity | None) -> None:
    assert EngineStore(Engine("unix:///x", info, lambda: None)).capacity == expected
