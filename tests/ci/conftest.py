"""What the tests of CI share."""

from __future__ import annotations

import pytest

from tests.ci.world import World, make


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the remote, which no test changes."""
    return make(tmp_path_factory.mktemp("world") / "remote")
