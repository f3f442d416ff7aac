"""The oracle's own tools: chains repeat, failures shrink and are told, planted bugs cannot turn into nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.oracle.soundness.asking import LIST, Chain, Verdict
from tests.oracle.soundness.chain import KINDS, chain, changed, judged
from tests.oracle.soundness.generate import Kinds
from tests.oracle.soundness.planted import BUGS, Bug, Planted
from tests.oracle.soundness.replay import story
from tests.oracle.soundness.shrink import Pair, missed, shrink


def test_a_chain_follows_from_its_seed() -> None:
    assert chain(7, Kinds(), steps=8) == chain(7, Kinds(), steps=8)
    assert chain(7, Kinds(), steps=8)[-1].repo != chain(8, Kinds(), steps=8)[-1].repo


def test_there_are_many_kinds_of_edits() -> None:
    assert len(KINDS) >= 25


def _changes_something(pair: Pair) -> bool:
    old, new = (judged(each) for each in pair)
    return old is not None and new is not None and bool(changed(old, new))


def test_a_failing_step_shrinks() -> None:
    states = chain(3, Kinds())
    pair = next(
        (old.repo, new.repo)
        for old, new in pairwise(states)
        if changed(old.truth, new.truth) and old.repo.images == new.repo.images
    )

    old, new = shrink(pair, _changes_something)

    assert _changes_something((old, new))
    assert len(new.images) <= len(pair[1].images) // 2
    assert len(new.files) < len(pair[1].files) // 4


def test_a_failure_is_told_with_what_replays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Chain(0, tmp_path / "repo")
    Planted(BUGS["content ignored"], monkeypatch)
    steps = (step for step in range(1, len(made.states)) if made.changed(step))
    verdict = next(each for each in (made.verdict(step, LIST) for step in steps) if each.missed)

    # Two questions are enough to see that it goes on from a pair of commits.
    monkeypatch.setattr("tests.oracle.soundness.shrink.MOST_QUESTIONS", 2)
    told = story(made, verdict)

    assert f"python -m tests.oracle.soundness 0 {verdict.step}" in told
    assert f"chain 0, step {verdict.step} ({verdict.kind}; {LIST})" in told
    assert "still missed in the smallest pair" in told
    assert "differs: " in told


def test_a_failure_that_two_commits_do_not_show_is_told_as_such(tmp_path: Path) -> None:
    made = Chain(0, tmp_path / "repo")
    assert not missed((made.states[0].repo, made.states[1].repo))
    verdict = Verdict(1, "write", "work tree, staged", frozenset({"api"}), frozenset())
    assert "about the work tree" in story(made, verdict)


def test_a_bug_in_a_function_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError, match="no_such"):
        Planted(Bug("mbuild.graph.recipes", "no_such", lambda each: each), monkeypatch)


def test_a_bug_that_is_never_reached_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Chain(0, tmp_path / "repo")
    planted = Planted(BUGS["untracked files ignored"], monkeypatch)
    made.verdict(1, LIST)
    assert planted.calls == 0
