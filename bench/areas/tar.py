"""A context as a tar against GNU tar: what ``bench/tar_context.py`` measures, in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.meter import Command, Cost, median, seconds
from bench.results import NotRun, Row
from bench.running import Bench
from bench.scenario import MEGABYTE, Budget, last_line
from bench.tar_context import GNU_TAR, MBUILD

ROOT = Path(__file__).parents[2]
SPEED, MEMORY = Budget("speed", 0.6, GNU_TAR), Budget("megabytes", 64)

Costs = Mapping[str, tuple[Cost, ...]]


def scenarios(bench: Bench) -> Iterator[Row | NotRun]:
    """Yield a row for each writer, and one for the memory that mbuild's took."""
    options = ("--json", "--folder", str(bench.home / "context-20000-500"), "--rounds", str(bench.rounds))
    ended = bench.meter.run(Command((sys.executable, "-m", "bench.tar_context", *options), ROOT))
    if ended.code:
        yield NotRun("tar", last_line(ended.err))
        return
    found = json.loads(ended.out)
    costs: Costs = {name: tuple(Cost(*each) for each in taken) for name, taken in found["costs"].items()}
    for name in costs:
        yield _row(name, costs)
    grown = found["grown"] / MEGABYTE
    yield Row("tar", "memory", (), value=grown, budget=str(MEMORY), within=MEMORY.keeps(grown))


def _row(name: str, costs: Costs) -> Row:
    own = costs[name]
    if name == GNU_TAR:
        return Row("tar", name, own, reference=True)
    ratios = {GNU_TAR: median(own, seconds) / median(costs[GNU_TAR], seconds)}
    value = SPEED.value(own, costs)
    if name != MBUILD:
        return Row("tar", name, own, ratios=ratios, note=f"{value:.2f} × speed of {GNU_TAR}")
    return Row("tar", name, own, ratios=ratios, value=value, budget=str(SPEED), within=SPEED.keeps(value))
