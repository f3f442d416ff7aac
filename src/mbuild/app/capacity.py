"""What this machine has: processors and memory, as far as a container is given them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mbuild.schedule.jobs import Capacity

_CGROUP = Path("/sys/fs/cgroup")


def this_machine() -> Capacity:
    """Return what this process may use. Limits: https://docs.kernel.org/admin-guide/cgroup-v2.html."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    quota, period = (*_numbers("cpu.max"), 0, 0)[:2]
    if quota and period:
        processors = min(processors, max(1, round(quota / period)))
    limit = (*_numbers("memory.max"), 0)[0]
    return Capacity(processors, min(memory, limit) if limit else memory)


def _numbers(name: str) -> tuple[int, ...]:
    """Return the numbers of one line; () where there is no such file, or no limit."""
    try:
        words = (_CGROUP / name).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return ()
    return tuple(int(each) for each in words) if all(each.isdigit() for each in words) else ()
