"""``--version`` and ``--help``: what importing costs."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bench.asking import PYTHON, mbuild
from bench.meter import Command
from bench.running import Bench
from bench.scenario import Budget, Scenario, Subject

BUDGET = Budget("time", 5, PYTHON)


def scenarios(bench: Bench) -> Iterator[Scenario]:
    """Yield one scenario with both, many rounds: each takes little time."""
    python = Subject(PYTHON, Command((sys.executable, "-c", "pass"), bench.monorepo.folder), reference=True)
    asked = [Subject(option, mbuild(bench, option), budget=BUDGET) for option in ("--version", "--help")]
    asked.append(Subject("affected --help", mbuild(bench, "affected", "--help")))
    yield Scenario("startup", (python, *asked), rounds=3 * bench.rounds)
