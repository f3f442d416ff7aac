"""``affected --dry-run``: the plan with contexts and fingerprints, for one image and for nearly all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asking import STATUS, cold_and_warm, references
from bench.monorepo.branches import MAIN
from bench.running import Bench
from bench.scenario import Budget, Scenario
from bench.worktree import state

ONE, NEARLY_ALL = Budget("time", 1.5, STATUS), Budget("time", 5, STATUS)


def scenarios(bench: Bench) -> Iterator[Scenario]:
    """Yield the plan for commits and for the work tree."""
    for branch, budget in (("service", ONE), ("core", NEARLY_ALL)):
        expected = bench.monorepo.affected(branch)
        subjects = cold_and_warm(bench, (*question(), "--head", branch), expected, (budget, budget))
        yield Scenario(f"plan/{branch}", (*subjects, *references(bench, MAIN, branch)), len(expected))
    for name, budget in (("edit", ONE), ("core-edit", NEARLY_ALL)):
        expected = frozenset(bench.monorepo.truth["states"][name]["affected"])
        subjects = cold_and_warm(bench, question(), expected, (budget, budget))
        around = partial(state, bench.monorepo, name)
        yield Scenario(f"plan/{name}", (*subjects, *references(bench, MAIN)), len(expected), around)


def question() -> tuple[str, ...]:
    return ("affected", "--base", MAIN, "--dry-run", "--format", "json")
