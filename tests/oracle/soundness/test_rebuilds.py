"""A sample of what mbuild calls not affected, built before and after by a real engine from everything there is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EngineUnderTest
from tests.oracle.soundness.asking import LIST, Chain
from tests.oracle.soundness.generate import ENGINE_EXTERNAL
from tests.oracle.soundness.rebuild import Rebuild, Result, UnbuiltError, is_buildable, shell_image
from tests.oracle.soundness.sizes import REBUILDS

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def shell(engine: EngineUnderTest) -> None:
    """Have the one external image that Dockerfiles name here."""
    engine.run("import", "-", ENGINE_EXTERNAL[0], stdin=shell_image())


def _nearest(chain: Chain) -> Iterator[tuple[int, str]]:
    """Yield the steps and images that mbuild calls not affected: first that around which the most changed."""
    for _, step, name in sorted(_candidates(chain), reverse=True):
        if name not in chain.verdict(step, LIST).reported:
            yield step, name


def _candidates(chain: Chain) -> Iterator[tuple[int, int, str]]:
    """Yield for each image that an engine can build before and after: how many paths of its context root changed."""
    for step in range(1, len(chain.states)):
        old, new = chain.states[step - 1], chain.states[step]
        edited = [path for path in {**chain.trees[step - 1], **chain.trees[step]} if _differs(chain, step, path)]
        for name in sorted(new.truth.keys() & old.truth.keys()):
            near = sum(path.startswith(new.repo.images[name].root) for path in edited)
            if near and all(is_buildable(state.repo, state.truth, name) for state in (old, new)):
                yield near, step, name


def _differs(chain: Chain, step: int, path: str) -> bool:
    return chain.trees[step - 1].get(path) != chain.trees[step].get(path)


def _chains(seed: int, folder: Path) -> Iterator[Chain]:
    for attempt in range(20):
        yield Chain(1000 * (attempt + 1) + seed, folder / f"repo{attempt}", engine=True)


def _built(engine: EngineUnderTest, chain: Chain, step: int, name: str, folder: Path) -> Result:
    state = chain.states[step]
    # A name of its own: an engine keeps what it was sent by the name of the folder.
    tag = f"{uuid.uuid4().hex[:12]}-{step}"
    rebuild = Rebuild(engine, folder / tag, state.repo, state.truth, tag)
    rebuild.plant(chain.trees[step])
    try:
        return rebuild.result(name)
    finally:
        rebuild.remove()


@pytest.mark.parametrize("seed", range(REBUILDS))
@pytest.mark.usefixtures("shell")
def test_not_affected_rebuilds_to_the_same(seed: int, engine: EngineUnderTest, tmp_path: Path) -> None:
    """Of every seed's chains the first with an image that an engine builds, before the step."""
    for chain in _chains(seed, tmp_path):
        for step, name in _nearest(chain):
            try:
                before = _built(engine, chain, step - 1, name, tmp_path)
            except UnbuiltError:
                continue  # a wildcard that meets a link, say: then there is nothing to compare
            after = _built(engine, chain, step, name, tmp_path)
            assert before == after, f"{name}: engine's chain {chain.seed}, step {step}, {chain.states[step].kind}"
            assert before[0] or chain.states[step].truth[name].reads == frozenset()
            return
    raise AssertionError("no chain has an image that an engine can build")
