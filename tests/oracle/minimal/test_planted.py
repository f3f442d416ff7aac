"""The comparison can fail: each defect planted in mbuild is seen before long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oracle.minimal.building import Bench
from tests.oracle.minimal.cases import Case, monorepo
from tests.oracle.minimal.conftest import Workshop
from tests.oracle.minimal.plants import PLANTS, Plant

pytestmark = pytest.mark.engine

TREES = 150
TRIES = 12


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was remembered without a defect must not hide it."""
    monkeypatch.setenv("MBUILD_CACHE", "off")


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_planted_defect_is_seen(plant: Plant, workshop: Workshop) -> None:
    for tried, (bench, case) in enumerate(_cases(workshop, PLANTS[plant])):
        assert tried < TRIES, f"not seen in {tried} cases"
        full = bench.full(case)
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            if full.differences(bench.ours(case)):
                return
    pytest.fail("there is no other case")


def _cases(workshop: Workshop, features: frozenset[str]) -> Iterator[tuple[Bench, Case]]:
    """Yield cases that have all of some features and that mbuild builds itself; each tree is made when it is needed."""
    for seed in range(TREES):
        numbers = [at for at, case in enumerate(monorepo(seed, "any").cases) if features <= case.features]
        bench = workshop.bench(seed) if numbers else None
        for number in numbers if bench else ():
            if bench and bench.repo.cases[number].way != "context":
                yield bench, bench.repo.cases[number]
