"""Whole runs against a Docker Engine. Not yet."""

from __future__ import annotations

from collections.abc import Iterator

from bench.results import NotRun
from bench.running import Bench


def scenarios(_bench: Bench) -> Iterator[NotRun]:
    yield NotRun("engine", "not written yet")
