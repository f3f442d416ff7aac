"""The limits are those of an enumeration of all samples, and hold as often as they say."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.audit.chance import CONFIDENCE, Recall, most_wrong

SMALL = 9


def drawn_wrong(population: int, sample: int, bad: int) -> list[int]:
    """Return how many wrong ones each possible sample has: the wrong ones are the first."""
    return [sum(each < bad for each in taken) for taken in combinations(range(population), sample)]


def enumerated(population: int, sample: int, wrong: int, confidence: Fraction) -> int:
    """Return the largest number of wrong ones with which so few are still likely enough, by looking at every sample."""
    likely = []
    for bad in range(population + 1):
        found = drawn_wrong(population, sample, bad)
        share = Fraction(sum(each <= wrong for each in found), len(found))
        possible = wrong <= bad <= population - (sample - wrong)
        if possible and (share > 1 - confidence or bad == wrong):
            likely.append(bad)
    return max(likely)


numbers = st.integers(0, SMALL).flatmap(
    lambda population: st.integers(0, population).flatmap(
        lambda sample: st.tuples(st.just(population), st.just(sample), st.integers(0, sample))
    )
)
confidences = st.sampled_from([Fraction(1, 2), Fraction(9, 10), CONFIDENCE, Fraction(99, 100)])


@given(numbers, confidences)
def test_it_is_what_enumeration_says(given_: tuple[int, int, int], confidence: Fraction) -> None:
    assert most_wrong(*given_, confidence) == enumerated(*given_, confidence)


@given(st.integers(1, SMALL), st.integers(1, SMALL), st.integers(0, SMALL), confidences)
def test_it_holds_as_often_as_it_says(population: int, sample: int, bad: int, confidence: Fraction) -> None:
    sample, bad = min(sample, population), min(bad, population)
    found = drawn_wrong(population, sample, bad)
    held = sum(most_wrong(population, sample, each, confidence) >= bad for each in found)
    assert Fraction(held, len(found)) >= confidence


def test_known_values() -> None:
    assert most_wrong(5, 5, 0) == 0
    assert most_wrong(5, 5, 2) == 2
    assert most_wrong(5, 0, 0) == 5
    # None of 59 of very many: the rule that 59 are needed to say "under 5 %".
    assert most_wrong(1_000_000, 59, 0) / 1_000_000 == pytest.approx(1 - 0.05 ** (1 / 59), abs=1e-4)
    # One of 20 of very many: Clopper and Pearson's upper limit.
    assert most_wrong(1_000_000, 20, 1) / 1_000_000 == pytest.approx(0.21611, abs=1e-4)


@pytest.mark.parametrize("wrong", [(1, 2, 0), (2, 1, 2), (2, 1, -1)])
def test_what_cannot_be(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        most_wrong(*wrong)


def test_recall() -> None:
    whole = Recall(reported=3, eligible=30, decided=30, missed=1)
    assert (whole.most_missed, whole.estimate, whole.at_least) == (1, 0.75, 0.75)
    part = Recall(reported=10, eligible=100, decided=50, missed=1)
    assert part.estimate == pytest.approx(10 / 12)
    assert part.most_missed is not None
    assert part.most_missed > 2
    assert part.at_least == pytest.approx(10 / (10 + part.most_missed))
    nothing = Recall(reported=0, eligible=5, decided=5, missed=0)
    assert (nothing.most_missed, nothing.estimate, nothing.at_least) == (0, None, None)
    unknown = Recall(reported=4, eligible=5, decided=0, missed=0)
    assert (unknown.most_missed, unknown.estimate, unknown.at_least) == (None, None, None)
