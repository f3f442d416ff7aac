"""How many images are built at once where nobody says. Pure."""

from __future__ import annotations

from mbuild.values import dataclass

MEMORY_EACH = 1 << 30
"""Bytes that a build may need: compilers and package managers do with a gigabyte, mostly."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine that builds has: processors, and bytes of memory (0: not known)."""

    processors: int
    memory: int = 0


def default_jobs(capacity: Capacity) -> int:
    """Return a job for each processor, fewer where memory would not do for that many."""
    most = capacity.memory // MEMORY_EACH if capacity.memory else capacity.processors
    return max(1, min(capacity.processors, most))
