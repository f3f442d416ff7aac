"""One engine connection and one base for all cases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.engine import connect
from tests.conftest import EngineUnderTest
from tests.oracle.minimal.base import import_base
from tests.oracle.minimal.building import Bench
from tests.oracle.minimal.cases import monorepo

NOT_ONLY_UTF8 = 26
"""The last version of Docker of which that is known."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes benches: repositories whose images have names of this run alone."""

    engine: EngineUnderTest
    client: Any
    folder: Path
    project: str

    def bench(self, seed: int) -> Bench:
        """Return the repository of a seed, committed, with its parents built."""
        top = self.folder / f"{self.project}-{seed}" / f"repo-{seed}"
        top.parent.mkdir()
        # Newer BuildKits refuse names that are not UTF-8, on both sides.
        repository = monorepo(seed, self.project, utf8=self.engine.major > NOT_ONLY_UTF8)
        bench = Bench(self.engine, self.client, repository, top)
        bench.check_out()
        bench.build_parents()
        return bench


@pytest.fixture
def workshop(engine: EngineUnderTest, tmp_path: Path) -> Iterator[Workshop]:
    """Return a workshop under a name of its own; its images are removed afterwards."""
    connection = connect()
    # A length that never changes: the name is in Dockerfiles, and those may be in contexts.
    project = f"o{uuid.uuid4().hex[:11]}"
    import_base(connection.client, f"{project}/busybox:1")
    yield Workshop(engine, connection.client, tmp_path, project)
    names = [name for each in connection.client.images(f"{project}/*") for name in each["RepoTags"] or ()]
    for name in names:
        connection.client.remove_image(name, force=True)
    connection.close()
