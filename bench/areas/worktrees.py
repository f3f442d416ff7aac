"""``affected --base A --list``: the work tree as head, in each of its states."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asking import STATUS, cold_and_warm, references
from bench.running import Bench
from bench.scenario import Budget, Scenario
from bench.worktree import state

BUDGETS = Budget("time", 1.7, STATUS), Budget("time", 1.25, STATUS)


def scenarios(bench: Bench) -> Iterator[Scenario]:
    """Yield one scenario for each state."""
    for name, each in bench.monorepo.truth["states"].items():
        asked = ("affected", "--base", each["base"], "--list", "--format", "json")
        subjects = cold_and_warm(bench, asked, each["affected"], BUDGETS)
        around = partial(state, bench.monorepo, name)
        yield Scenario(f"worktree/{name}", (*subjects, *references(bench, each["base"])), len(each["affected"]), around)
