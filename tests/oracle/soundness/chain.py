"""Chains: a made-up monorepo and what a number of edits, one after the other, make of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.oracle.soundness.edits_config import CONFIG
from tests.oracle.soundness.edits_dockerfiles import DOCKERFILES
from tests.oracle.soundness.edits_files import FILES, Edit
from tests.oracle.soundness.folders import UnbuildableError
from tests.oracle.soundness.generate import Kinds, generate
from tests.oracle.soundness.render import ClashError
from tests.oracle.soundness.values import Monorepo
from tests.oracle.soundness.walker import Truth, Walker

REVERT, SEVERAL = "revert", "several at once"
EDITS: dict[str, Edit] = {**FILES, **DOCKERFILES, **CONFIG}
KINDS = (*EDITS, REVERT, SEVERAL)
STEPS = 25
_TRIES = 8
_PATIENCE = 6
_MOST_TRIES = 1000
_MATTERING = 0.7


@dataclass(frozen=True)
class State:
    """One commit. kind: of the edit that led here, "" for the first."""

    kind: str
    repo: Monorepo
    truth: dict[str, Truth]


def chain(seed: int, kinds: Kinds, steps: int = STEPS) -> list[State]:
    """Return the states of a chain: the same for the same seed."""
    pick = random.Random(f"soundness {seed}")
    states = [_first(pick, kinds)]
    plan = _plan(seed)
    while len(states) <= steps:
        states.append(_next(pick, next(plan), states))
    return states


def _plan(seed: int) -> Iterator[str]:
    """Yield kinds of edits: all of them before any comes again, over the chains of neighbouring seeds too."""
    at = seed * STEPS
    while True:
        order = list(KINDS)
        random.Random(f"round {at // len(KINDS)}").shuffle(order)
        yield order[at % len(KINDS)]
        at += 1


def _first(pick: random.Random, kinds: Kinds) -> State:
    while True:
        repo = generate(pick, kinds)
        if truth := judged(repo):
            return State("", repo, truth)


def judged(repo: Monorepo) -> dict[str, Truth] | None:
    """Return the truth about a monorepo, or None where no builder and no file system takes it."""
    try:
        return Walker(repo).all()
    except (ClashError, UnbuildableError):
        return None


def _next(pick: random.Random, kind: str, states: list[State]) -> State:
    """Return what an edit of this kind makes of the last state; another kind where it cannot be done.

    Most edits are tried again for a while when they change no image: there are far more places that none reads.
    """
    patience = _PATIENCE if pick.random() < _MATTERING else 0
    for attempt in range(_MOST_TRIES):
        repo = _edited(pick, kind, states)
        truth = judged(repo) if repo is not None else None
        if repo is not None and truth is not None:
            if changed(states[-1].truth, truth) or attempt >= patience:
                return State(kind, repo, truth)
        elif attempt % _TRIES == _TRIES - 1:
            kind = pick.choice(KINDS)
    raise AssertionError("no edit can be done")


def changed(old: Mapping[str, Truth], new: Mapping[str, Truth]) -> frozenset[str]:
    """Return the images that are new or not what they were."""
    return frozenset(name for name, truth in new.items() if name not in old or old[name].identity != truth.identity)


def _edited(pick: random.Random, kind: str, states: list[State]) -> Monorepo | None:
    last = states[-1].repo
    if kind == REVERT:
        return pick.choice(states).repo
    if kind != SEVERAL:
        return EDITS[kind](pick, last)
    for _ in range(pick.randint(2, 4)):
        last = EDITS[pick.choice(list(EDITS))](pick, last) or last
    return last
