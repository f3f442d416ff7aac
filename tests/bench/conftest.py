"""The tiny monorepo, made once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.meter import Meter
from bench.monorepo.sizes import SIZES
from bench.monorepo.store import Monorepo, monorepo
from bench.running import Bench


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Monorepo:
    return monorepo(SIZES["XS"], tmp_path_factory.mktemp("bench"))


@pytest.fixture
def bench(tiny: Monorepo, tmp_path: Path) -> Iterator[Bench]:
    """Return what areas measure with; no command has run yet."""
    mbuild = str(Path(sys.executable).with_name("mbuild"))
    with Meter(tmp_path) as meter:
        yield Bench(tiny, tiny.folder.parents[1], tmp_path, mbuild, meter, rounds=1)
