"""A sample of what mbuild calls not affected, built before and after by a real engine from everything there is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EngineUnderTest
from tests.oracle.soundness.asking import LIST, Chain
from tests.oracle.soundness.generate import ENGINE_EXTERNAL
from tests.oracle.soundness.rebuild import Rebuild, Result, is_buildable, shell_image
from tests.oracle.soundness.sizes import REBUILDS

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def shell(engine: EngineUnderTest) -> None:
    """Have the one external image that Dockerfiles name here."""
    engine.run("import", "-", ENGINE_EXTERNAL[0], stdin=shell_image())


@pytest.fixture
def tag(engine: EngineUnderTest) -> str:
    """Return a tag of this test's own."""
    return uuid.uuid4().hex[:12]


def _nearest(chain: Chain) -> tuple[int, str] | None:
    """Return the step and the image that mbuild calls not affected, and around which the most changed."""
    for _, step, name in sorted(_candidates(chain), reverse=True):
        if name not in chain.verdict(step, LIST).reported:
            return step, name
    return None


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


@pytest.fixture
def chosen(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Chain, int, str]:
    """Return a chain, a step of it and an image: of every seed's chains the first that has one."""
    for attempt in range(20):
        chain = Chain(1000 * (attempt + 1) + request.param, tmp_path / f"repo{attempt}", engine=True)
        if found := _nearest(chain):
            return (chain, *found)
    raise AssertionError("no chain has an image that an engine can build")


def _built(engine: EngineUnderTest, chain: Chain, step: int, name: str, folder: Path, tag: str) -> Iterator[Result]:
    for at in (step - 1, step):
        state = chain.states[at]
        # A name of its own: an engine keeps what it was sent by the name of the folder.
        rebuild = Rebuild(engine, folder / f"{tag}-{at}", state.repo, state.truth, f"{tag}-{at}")
        rebuild.plant(chain.trees[at])
        try:
            yield rebuild.result(name)
        finally:
            rebuild.remove()


@pytest.mark.parametrize("chosen", range(REBUILDS), indirect=True)
@pytest.mark.usefixtures("shell")
def test_not_affected_rebuilds_to_the_same(
    chosen: tuple[Chain, int, str], engine: EngineUnderTest, tag: str, tmp_path: Path
) -> None:
    chain, step, name = chosen

    before, after = _built(engine, chain, step, name, tmp_path, tag)

    assert before == after, f"{name}: chain {chain.seed} of the engine's, step {step}, {chain.states[step].kind}"
    assert before[0] or chain.states[step].truth[name].reads == frozenset()
