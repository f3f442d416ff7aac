"""What is measured together, in turn, and what is asked of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

from bench.meter import Command, Cost, Ended, median, peak, seconds

MEGABYTE = 1_000_000

Check = Callable[[Ended], str]
"""Says what is wrong with an answer, "" for nothing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit.

    of: "time", at most ``limit`` times that of the reference ``against``; "speed", at least so many times the speed of
    it; "seconds" or "megabytes", at most so many.
    """

    of: Literal["time", "speed", "seconds", "megabytes"]
    limit: float
    against: str = ""

    def __str__(self) -> str:
        if self.of == "time":
            return f"≤ {self.limit:g} × {self.against}"
        if self.of == "speed":
            return f"≥ {self.limit:g} × speed of {self.against}"
        return f"≤ {self.limit:g} {'s' if self.of == 'seconds' else 'MB'}"

    def value(self, costs: tuple[Cost, ...], references: Mapping[str, tuple[Cost, ...]]) -> float:
        """Return what is held against the limit."""
        if self.of == "megabytes":
            return max(map(peak, costs)) / MEGABYTE
        own = median(costs, seconds)
        if self.of == "seconds":
            return own
        other = median(references[self.against], seconds)
        return other / own if self.of == "speed" else own / other

    def keeps(self, value: float) -> bool:
        return value >= self.limit if self.of == "speed" else value <= self.limit


def nothing() -> None:
    """Do nothing before a run."""


def accept(ended: Ended) -> str:
    """Accept every answer of a command that succeeds."""
    return "" if ended.code == 0 else f"exit code {ended.code}: {last_line(ended.err)}"


def last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A command that takes its turn. before: untimed; reference: others are measured by it; same: its answer is, byte
    for byte, that of the other subjects with ``same``.
    """

    name: str
    command: Command
    before: Callable[[], None] = nothing
    check: Check = accept
    budget: Budget | None = None
    reference: bool = False
    same: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Subjects that run in turn.

    affected: how many images the answer holds, where that is the question; around: the state of the work tree that they
    run in; rounds: None for the suite's.
    """

    name: str
    subjects: tuple[Subject, ...]
    affected: int | None = None
    around: Callable[[], AbstractContextManager[object]] = field(default=contextlib.nullcontext)
    rounds: int | None = None
