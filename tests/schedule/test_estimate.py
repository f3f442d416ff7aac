"""How long it will take, and how many at once."""

from __future__ import annotations

import pytest

from mbuild.schedule.estimate import complete, estimates, makespan, remaining
from mbuild.schedule.jobs import Capacity, default_jobs
from mbuild.schedule.plan import BUILD, NONE, REUSE, Plan, Step
from mbuild.store.builds import Build


def builds(*found: tuple[str, float]) -> tuple[Build, ...]:
    return tuple(Build("api", "f", result, seconds, 0, 0) for result, seconds in found)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("built", 4.0)], 4.0),
        ([("built", 1.0), ("built", 100.0), ("built", 2.0)], 2.0),
        ([("built", 2.0), ("built", 4.0)], 3.0),
        ([("built", float(each)) for each in (1, 1, 1, 1, 1, 90, 90, 90, 90, 90)], 1.0),
        ([("cached", 0.1), ("built", 4.0), ("failed", 1.0), ("cancelled", 9.0)], 4.0),
        ([("cached", 0.1), ("failed", 1.0)], 0.1),
        ([("failed", 1.0), ("cancelled", 9.0)], None),
    ],
)
def test_an_estimate_is_the_median_of_the_last_builds(rows: list[tuple[str, float]], expected: float | None) -> None:
    assert estimates({"api": builds(*rows)}).get("api") == expected


PLAN = Plan(
    (
        Step("base", BUILD, (), ()),
        Step("kept", REUSE, (), ()),
        Step("api", BUILD, (), ("base", "kept")),
        Step("web", BUILD, (), ("base",)),
        Step("other", NONE, (), ()),
    )
)


def test_what_is_not_known_counts_as_the_median_of_what_is() -> None:
    assert complete(PLAN, {"base": 10.0, "api": 2.0}) == {"base": 10.0, "kept": 0.0, "api": 2.0, "web": 6.0}
    assert complete(PLAN, {}) == {"base": 1.0, "kept": 0.0, "api": 1.0, "web": 1.0}


def test_the_way_to_the_end_is_that_of_the_longest_chain() -> None:
    seconds = {"base": 10.0, "kept": 0.0, "api": 2.0, "web": 6.0}
    assert remaining(PLAN, seconds) == {"base": 16.0, "kept": 2.0, "api": 2.0, "web": 6.0}
    assert makespan(PLAN, seconds, 1) == 18.0
    assert makespan(PLAN, seconds, 2) == 16.0
    assert makespan(Plan(()), {}, 2) == 0.0


@pytest.mark.parametrize(
    ("processors", "gigabytes", "jobs"),
    [(1, 64, 1), (8, 64, 8), (8, 4, 4), (8, 0.5, 1), (64, 16, 16), (4, 0, 4), (0, 8, 1)],
)
def test_jobs(processors: int, gigabytes: float, jobs: int) -> None:
    assert default_jobs(Capacity(processors, int(gigabytes * (1 << 30)))) == jobs
