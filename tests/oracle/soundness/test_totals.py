"""The judgement on a whole run."""

from __future__ import annotations

from collections import Counter

from tests.oracle.soundness.chain import KINDS
from tests.oracle.soundness.totals import WAYS, complaints, summed

COMMITS = 1000


def run(**more: int) -> dict[str, Counter[str]]:
    """Return the sums of a run in which everything was tried equally often, and in which nothing is wrong."""
    each = Counter(steps=COMMITS // len(KINDS) + 1, changed=100 + COMMITS // len(KINDS), reported=1000, superfluous=50)
    return {**{kind: each + Counter(more) for kind in KINDS}, **{way: Counter(steps=COMMITS) for way in WAYS}}


def test_a_good_run_has_no_complaints() -> None:
    assert complaints(run(), COMMITS) == []


def test_too_much_reported_is_a_complaint() -> None:
    assert complaints(run(superfluous=1), COMMITS) == [
        f"{51 * len(KINDS)} of {1000 * len(KINDS)} reported images had not changed"
    ]


def test_what_was_not_tried_is_a_complaint() -> None:
    sums = run()
    del sums["revert"], sums[WAYS[2]]
    assert [each.split("'")[1] for each in complaints(sums, COMMITS)] == ["revert", WAYS[2]]


def test_hardly_any_change_is_a_complaint() -> None:
    sums = {what: Counter({**numbers, "changed": 0}) for what, numbers in run().items()}
    assert complaints(sums, COMMITS) == [f"only 0 images changed in {COMMITS} steps"]


def test_counts_of_chains_are_added() -> None:
    assert summed([{"write": {"steps": 1}}, {"write": {"steps": 2, "missed": 1}}]) == {
        "write": Counter(steps=3, missed=1)
    }
