"""``affected --base A --head B --list``: two commits compared, once for each branch."""

from __future__ import annotations

from collections.abc import Iterator

from bench.asking import STATUS, cold_and_warm, filled_by, mbuild, references, says
from bench.monorepo.branches import MAIN, MOVED
from bench.running import Bench
from bench.scenario import Budget, Scenario, Subject

BUDGETS = Budget("time", 1.0, STATUS), Budget("time", 0.2, STATUS)
THOROUGH = ("service", "core", "many")
"""Branches that are also asked about with a cache that another branch has filled, and without a cache."""


def question(base: str, head: str) -> tuple[str, ...]:
    return ("affected", "--base", base, "--head", head, "--list", "--format", "json")


def scenarios(bench: Bench) -> Iterator[Scenario]:
    """Yield one scenario for each branch, and one where the base branch has moved on."""
    for branch in bench.monorepo.truth["branches"]:
        if branch != MOVED:
            yield _scenario(bench, branch, MAIN, branch)
    yield _scenario(bench, "moved", MOVED, "service")


def _scenario(bench: Bench, name: str, base: str, head: str) -> Scenario:
    expected, asked = bench.monorepo.affected(head), question(base, head)
    subjects = cold_and_warm(bench, asked, expected, BUDGETS)
    if name in THOROUGH:
        check, fill = says(expected), filled_by(bench, *question(MAIN, "docs"))
        subjects += (
            Subject("next", mbuild(bench, *asked), fill, check, same=True),
            Subject("off", mbuild(bench, *asked, MBUILD_CACHE="off"), check=check, same=True),
        )
    return Scenario(f"commits/{name}", (*subjects, *references(bench, base, head)), len(expected))
