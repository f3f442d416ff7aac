"""What follows from the builds of a base, of head, and of both again."""

from __future__ import annotations

import pytest

from mbuild.audit.image import Image, Root
from mbuild.audit.judge import MISS, SAME, UNDECIDED, Attempt, Ran, Verdict, judge, judge_existing, worst


def image(name: str, **settings: object) -> Image:
    return Image(name, (name,), settings, lambda: Root({}, {}))


def built(name: str) -> Attempt:
    """A build whose whole difference from others is one setting."""
    return Attempt(image(name, Env=name), ran=(Ran(f"[1/1] {name}"),))


FAILED = Attempt(error="no such file")
PASSING = Attempt(error="connection reset", doubt="it may pass: connection reset")
A, B, C = built("a"), built("b"), built("c")


def judged(base: Attempt, head: Attempt, *controls: Attempt) -> Verdict:
    """Judge; the controls are the base again and head again, as far as they are needed."""
    waiting = list(controls)
    found = judge(base, head, lambda: waiting.pop(0), lambda: waiting.pop(0))
    assert not waiting, "a build that was not needed"
    return found


@pytest.mark.parametrize(
    ("builds", "outcome", "reason"),
    [
        ((A, A), SAME, ""),
        ((A, B, A, B), MISS, "head's image is another one than the base's"),
        ((A, B, B), SAME, "the base, built again, is what head is"),
        ((A, B, C), UNDECIDED, "the base, built twice, is not the same: setting Env: a → c"),
        ((A, B, A, C), UNDECIDED, "head, built twice, is not the same: setting Env: b → c"),
        ((A, B, A, FAILED), UNDECIDED, "head builds at one time and not at another: no such file"),
        ((A, B, A, PASSING), UNDECIDED, "it may pass: connection reset"),
        ((A, B, FAILED), UNDECIDED, "the base builds at one time and not at another: no such file"),
        ((A, B, PASSING), UNDECIDED, "it may pass: connection reset"),
        ((FAILED, FAILED), UNDECIDED, "it builds neither at the base nor at head: no such file"),
        ((A, FAILED, A, FAILED), MISS, "it builds at the base and fails at head: no such file"),
        ((A, FAILED, A, A), UNDECIDED, "head builds at one time and not at another: no such file"),
        ((A, FAILED, FAILED), UNDECIDED, "the base builds at one time and not at another: no such file"),
        ((A, FAILED, B), UNDECIDED, "the base, built twice, is not the same: setting Env: a → b"),
        ((A, PASSING), UNDECIDED, "it may pass: connection reset"),
        ((FAILED, B, FAILED, B), MISS, "it fails at the base and builds at head: no such file"),
        ((FAILED, B, B), SAME, "the base, built again, is what head is"),
        ((FAILED, B, A), UNDECIDED, "the base builds at one time and not at another: no such file"),
        ((PASSING, B), UNDECIDED, "it may pass: connection reset"),
    ],
)
def test_the_base_head_and_both_again(builds: tuple[Attempt, ...], outcome: str, reason: str) -> None:
    found = judged(*builds)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_a_miss_tells_what_differs_and_what_was_run() -> None:
    found = judged(A, B, A, B)
    assert [str(each) for each in found.differences] == ["setting Env: a → b"]
    assert found.ran == B.ran


def existing(there: Image, head: Attempt, outside: str = "", control: Attempt | None = None) -> Verdict:
    def fresh() -> Attempt:
        assert control is not None, "there is no need to build head again"
        return control

    return judge_existing(there, head, outside, fresh)


@pytest.mark.parametrize(
    ("there", "head", "outside", "control", "outcome"),
    [
        ("a", A, "", None, SAME),
        ("a", A, "debian:12", None, SAME),
        ("a", FAILED, "", None, UNDECIDED),
        ("a", B, "debian:12", None, UNDECIDED),
        ("a", B, "", B, MISS),
        ("a", B, "", C, UNDECIDED),
        ("a", B, "", A, UNDECIDED),
        ("a", B, "", FAILED, UNDECIDED),
    ],
)
def test_a_build_that_exists(there: str, head: Attempt, outside: str, control: Attempt | None, outcome: str) -> None:
    found = existing(image(there, Env=there), head, outside, control)
    assert found.outcome == outcome
    assert (found.differences != ()) == (outcome != SAME and head is not FAILED)


def test_the_worst_verdict_counts() -> None:
    same, undecided, miss = Verdict(SAME), Verdict(UNDECIDED), Verdict(MISS)
    assert worst([same, undecided]) is undecided
    assert worst([undecided, miss, same]) is miss
    assert worst([same, Verdict(SAME, "other")]) is same
