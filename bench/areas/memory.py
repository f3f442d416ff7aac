"""Memory of mbuild itself, without the git processes that it starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial

from bench.areas.commits import question
from bench.asking import empty_cache, mbuild, says
from bench.monorepo.branches import MAIN
from bench.running import Bench
from bench.scenario import Budget, Scenario, Subject
from bench.worktree import state

BUDGET = Budget("megabytes", 80)
ROUNDS = 2
"""Memory varies little, and the times do not count here: watching the process disturbs it."""


def scenarios(bench: Bench) -> Iterator[Scenario]:
    """Yield the questions that hold the most: nearly all images affected."""
    core, edit = bench.monorepo.affected("core"), bench.monorepo.truth["states"]["core-edit"]["affected"]
    within = partial(state, bench.monorepo, "core-edit")
    listed, planned = ("--list", "--format", "json"), ("--dry-run", "--format", "json")
    for name, args, expected, around in (
        ("commits", question(MAIN, "core"), core, contextlib.nullcontext),
        ("worktree", ("affected", "--base", MAIN, *listed), edit, within),
        ("plan", ("affected", "--base", MAIN, "--head", "core", *planned), core, contextlib.nullcontext),
        ("plan-worktree", ("affected", "--base", MAIN, *planned), edit, within),
    ):
        command, check = mbuild(bench, *args, watch=True), says(expected)
        cold = Subject("cold", command, empty_cache(bench), check, BUDGET, same=True)
        warm = Subject("warm", command, check=check, budget=BUDGET, same=True)
        yield Scenario(f"memory/{name}", (cold, warm), len(expected), around, ROUNDS)
