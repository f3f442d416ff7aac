"""Single edits: one that matters never leaves a fingerprint as it was, and one that does not always does."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from mbuild.graph import fingerprint as encoding
from tests.oracle.determinism import harmless
from tests.oracle.determinism.monorepos import CHAIN, State, monorepo
from tests.oracle.determinism.mutations import Mutation, mutations

EXAMPLES = max(1, int(os.environ.get("MBUILD_ORACLE_EXAMPLES", "200")) // 200)
"""1 in CI, more on demand."""

MONOREPOS = 50 * EXAMPLES
EDITS = 100
HARMLESS = 20


def edits(seed: int, count: int) -> list[Mutation]:
    """Return the edits of one monorepo."""
    return list(itertools.islice(mutations(Random(seed), monorepo(seed), itertools.count(1000)), count))


class Ledger:
    """Who has which fingerprint: an input has one, and no two inputs have the same."""

    def __init__(self) -> None:
        self.by_input: dict[tuple[object, ...], str] = {}
        self.by_fingerprint: dict[str, tuple[object, ...]] = {}

    def enter(self, what: tuple[object, ...], fingerprint: str) -> None:
        assert self.by_input.setdefault(what, fingerprint) == fingerprint, f"two fingerprints of one input: {what}"
        owner = self.by_fingerprint.setdefault(fingerprint, what)
        assert owner == what, f"one fingerprint of two inputs:\n{owner}\n{what}"


def check(seed: int, before: dict[str, str], edit: Mutation, ledger: Ledger) -> None:
    """Look at one edit: its image and those built from it have new fingerprints, all others the old ones."""
    after = edit.state.fingerprints()
    touched = {edit.image, *CHAIN[edit.image]}
    for image in CHAIN:
        if image in touched:
            assert after[image] != before[image], f"{edit.kind} {edit.effect} of seed {seed} leaves {image} as it was"
            ledger.enter((seed, image, edit.effect), after[image])
        else:
            assert after[image] == before[image], f"{edit.kind} {edit.effect} of seed {seed} touches {image}"


def test_what_matters_always_shows() -> None:
    ledger, kinds = Ledger(), Counter[str]()
    for seed in range(MONOREPOS):
        kinds += _look_at(seed, ledger, EDITS)
    assert kinds.total() == MONOREPOS * EDITS
    assert len(kinds) >= 25
    assert min(kinds.values()) >= 20, kinds
    assert len(ledger.by_fingerprint) >= 0.9 * kinds.total()


@pytest.mark.parametrize("make", harmless.MAKE, ids=lambda make: make.__name__)
def test_what_does_not_matter_never_shows(make: harmless.Make) -> None:
    for seed in range(HARMLESS * EXAMPLES):
        state = monorepo(seed)
        after = make(Random(seed), state, seed + 1)
        assert _known(after) == state.fingerprints(), f"seed {seed}"
        assert after != state or make is harmless.key_order


def _known(state: State) -> dict[str, str]:
    return {name: each for name, each in state.fingerprints().items() if name in CHAIN}


def _operation(**lost: object) -> tuple[object, str, Callable[..., object]]:
    real = encoding._operation
    return encoding, "_operation", lambda each: real(replace(each, **lost))


def _entries(keep: Callable[[Any], Any]) -> tuple[object, str, Callable[..., object]]:
    return encoding, "entries", lambda found: b"".join(encoding.encode(keep(each)) for each in found)


def _identity(position: int, value: object) -> tuple[object, str, Callable[..., object]]:
    real: Callable[..., object] = encoding.identity
    return encoding, "identity", lambda *args: real(*args[:position], value, *args[position + 1 :])


def _constant(name: str) -> tuple[object, str, Callable[..., object]]:
    return encoding, name, lambda *_: name


FORGETTING: dict[str, tuple[object, str, Callable[..., object]]] = {
    "modes": _entries(lambda each: (each.path, each.oid)),
    "paths": _entries(lambda each: (each.mode, each.oid)),
    "content": _entries(lambda each: (each.path, each.mode)),
    "flags": _operation(flags=()),
    "words": _operation(args=()),
    "keywords": _operation(keyword=""),
    "forms": _operation(json=False),
    "heredocs": _operation(heredocs=()),
    "stages": _constant("stage"),
    "names outside": _constant("_resolved"),
    "contexts": _identity(1, ()),
    "the builder's arguments": (encoding, "_is_for_builder", lambda _: False),
    "parents": (encoding, "fingerprint", lambda own, edges, parents: own),
}
"""What a fingerprint might forget: module, function, and the function that forgets it."""


@pytest.mark.parametrize("forgotten", FORGETTING)
def test_what_is_forgotten_is_seen(forgotten: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FORGETTING[forgotten])
    with pytest.raises(AssertionError, match=r"leaves .* as it was|one fingerprint of two inputs"):
        for seed in range(MONOREPOS):
            _look_at(seed, Ledger(), EDITS)


def _look_at(seed: int, ledger: Ledger, count: int) -> Counter[str]:
    """Look at the edits of one monorepo; returns how many there were of each kind."""
    before = monorepo(seed).fingerprints()
    for image in CHAIN:
        ledger.enter((seed, image), before[image])
    looked_at = edits(seed, count)
    for edit in looked_at:
        check(seed, before, edit, ledger)
    return Counter(edit.kind for edit in looked_at)
