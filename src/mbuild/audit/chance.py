"""What a sample says of all images, with a stated confidence. Exact, by whole numbers. Pure."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from mbuild.values import dataclass

CONFIDENCE = Fraction(95, 100)


def most_wrong(population: int, sample: int, wrong: int, confidence: Fraction = CONFIDENCE) -> int:
    """Return how many of a population are wrong at most, where ``wrong`` of a random ``sample`` are.

    The exact one-sided upper limit for a hypergeometric number: the largest M for which ``wrong`` or fewer in the
    sample still have a probability above ``1 - confidence``: the sum over x <= wrong of C(M,x) C(N-M,n-x) / C(N,n).
    Whatever the true M is, the limit lies below it with a probability of at most ``1 - confidence``. Source: T. Wright,
    Exact Confidence Bounds when Sampling from Small Finite Universes (Springer, 1991); for an endless population it
    becomes the limit of Clopper and Pearson (Biometrika 26, 1934). Raises ValueError for numbers that cannot be.
    """
    if not 0 <= wrong <= sample <= population:
        raise ValueError((population, sample, wrong))
    low, high = wrong, population - (sample - wrong)
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(population, sample, wrong, middle) > 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(population: int, sample: int, wrong: int, bad: int) -> Fraction:
    """Return the probability of ``wrong`` or fewer in the sample where ``bad`` of the population are."""
    ways = (comb(bad, each) * comb(population - bad, sample - each) for each in range(wrong + 1))
    return Fraction(sum(ways), comb(population, sample))


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of what had to be reported was: reported / (reported + missed).

    reported: images that were said to be affected. Superfluous ones count as well: an audit does not look at them, so
              the recall of the truly affected ones is lower where there are some.
    eligible: those said to be unaffected. decided: of them, drawn and decided; missed: wrong ones among these.
    """

    reported: int
    eligible: int
    decided: int
    missed: int

    @property
    def most_missed(self) -> int | None:
        """The most images that were missed in all, at ``CONFIDENCE``; None where nothing was decided."""
        return most_wrong(self.eligible, self.decided, self.missed) if self.decided else None

    @property
    def estimate(self) -> float | None:
        """The recall with as many missed in all as the sample has in proportion; None where that says nothing."""
        return self._of(Fraction(self.missed * self.eligible, self.decided)) if self.decided else None

    @property
    def at_least(self) -> float | None:
        """The lower limit of the recall, at ``CONFIDENCE``."""
        most = self.most_missed
        return None if most is None else self._of(Fraction(most))

    def _of(self, missed: Fraction) -> float | None:
        whole = self.reported + missed
        return float(self.reported / whole) if whole else None
