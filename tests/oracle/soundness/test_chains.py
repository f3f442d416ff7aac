"""Random edits of made-up monorepos, asked about with real git: what changed is reported, always."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle.soundness.asking import DISK, LIST, PLAIN, Chain, Verdict
from tests.oracle.soundness.replay import command, story
from tests.oracle.soundness.sizes import CHAINS
from tests.oracle.soundness.totals import PROPERTY

EXPLAINED, LISTED = 3, 7
"""Of every dozen steps, the ones at which ``explain`` and ``context`` are asked too."""

AGAIN = (0, 2, 5, 9)
"""Those that are asked about twice: the second answer may come from what is remembered of the first."""


@pytest.mark.parametrize("seed", [*range(CHAINS - CHAINS // 5), *range(PLAIN, PLAIN + CHAINS // 5)])
def test_what_changed_is_reported(seed: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    chain = Chain(seed, tmp_path / "repo")
    counts: dict[str, Counter[str]] = {}
    for verdict in chain.verdicts():
        assert not verdict.missed, story(chain, verdict)
        _count(counts, verdict)
        if verdict.step % 12 in AGAIN and verdict.how == LIST:
            assert chain.verdict(verdict.step, LIST) == verdict, f"asked again; {command(seed, verdict.step)}"
        if verdict.step % 12 == EXPLAINED:
            _readers(chain, verdict.step, counts)
        if verdict.step % 12 == LISTED:
            _contexts(chain, verdict.step, counts)
    record_property(PROPERTY, {what: dict(numbers) for what, numbers in counts.items()})


def _count(counts: dict[str, Counter[str]], verdict: Verdict) -> None:
    numbers = Counter(
        steps=1,
        changed=len(verdict.changed),
        reported=len(verdict.reported),
        missed=len(verdict.missed),
        superfluous=len(verdict.superfluous),
    )
    way = DISK if verdict.how.startswith(DISK) else verdict.how
    for what in (verdict.kind, f"way: {way}"):
        counts.setdefault(what, Counter()).update(numbers)


def _readers(chain: Chain, step: int, counts: dict[str, Counter[str]]) -> None:
    """Compare who reads an edited file with what ``explain`` says."""
    for path in chain.edited(step)[:2]:
        read, said = chain.readers(step, path)
        assert read <= said, f"{path!r} is read by {sorted(read - said)}; {command(chain.seed, step)}"
        counts.setdefault("way: explain", Counter()).update(steps=1, reported=len(said), superfluous=len(said - read))


def _contexts(chain: Chain, step: int, counts: dict[str, Counter[str]]) -> None:
    """Compare what an image is made of with what ``context`` lists."""
    image = random.Random(step).choice(sorted(chain.states[step].truth))
    read, listed = chain.context(step, image)
    assert read <= listed, f"{image} lacks {sorted(read - listed)}; {command(chain.seed, step)}"
    counts.setdefault("way: context", Counter()).update(steps=1, reported=len(listed), superfluous=len(listed - read))
