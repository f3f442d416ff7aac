"""Plants bugs, one at a time, and sees each of them caught by the chains that pass without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest

from tests.oracle.soundness.asking import PLAIN, Chain, RefusedError, Verdict
from tests.oracle.soundness.planted import BUGS, SHOWN, Bug, Planted

LIKELY, ANY = 40, 12
"""How many chains are looked at: for their likely steps, then for all of them. A plain run has LIKELY chains."""


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Chain]:
    """Return what makes the chain of a seed, once."""
    known: dict[int, Chain] = {}

    def made(seed: int) -> Chain:
        if seed not in known:
            known[seed] = Chain(seed, tmp_path_factory.mktemp("planted") / "repo")
        return known[seed]

    return made


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug must not be hidden by what was remembered without it, nor reach other tests."""
    monkeypatch.setenv("MBUILD_CACHE", "off")


@pytest.mark.parametrize("name", BUGS)
def test_planted_bug_is_caught(name: str, chain: Callable[[int], Chain], monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    planted = Planted(bug, monkeypatch)

    caught = next(_missed(bug, _steps(chain, bug, SHOWN.get(name))), None)

    assert planted.calls, f"nothing calls {bug.module}.{bug.name} any more"
    assert caught, f"the chains pass although {name}"


def _steps(chain: Callable[[int], Chain], bug: Bug, shown: int | None) -> Iterator[tuple[Chain, int]]:
    """Yield the steps that change an image: those of the likely kinds first. shown: the chain to begin with."""
    begin = PLAIN if bug.plain else 0
    first = () if shown is None else (shown,)
    for seeds in (first, range(begin, begin + LIKELY)):
        yield from _of_chains(chain, bug, seeds if bug.kinds else (), likely=True)
        yield from _of_chains(chain, bug, seeds[:ANY], likely=False)


def _of_chains(
    chain: Callable[[int], Chain], bug: Bug, seeds: Sequence[int], *, likely: bool
) -> Iterator[tuple[Chain, int]]:
    for each in map(chain, seeds):
        for step in range(1, len(each.states)):
            if (each.states[step].kind in bug.kinds) is likely and each.changed(step):
                yield each, step


def _missed(bug: Bug, steps: Iterable[tuple[Chain, int]]) -> Iterator[Verdict]:
    """Yield the steps at which an image is missed."""
    for chain, step in steps:
        try:
            verdict = chain.verdict(step, bug.how)
        except RefusedError:
            continue  # loud, so not what is looked for
        if verdict.missed:
            yield verdict


def test_there_are_enough_bugs() -> None:
    assert len(BUGS) >= 15
    assert len({(each.module, each.name) for each in BUGS.values()}) >= 15
    assert set(SHOWN) <= set(BUGS)
