"""Fixtures of the tests that build into an engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.conftest import EngineUnderTest


@pytest.fixture
def project(engine: EngineUnderTest, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield a project name of which the engine has nothing; its images are removed afterwards."""
    kind = request.module.__name__.rpartition(".test_")[2].replace("_", "-")
    found = f"{kind}-{uuid.uuid4().hex[:12]}"
    yield found
    if names := engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{found}/*").decode().split():
        engine.run("rmi", "--force", *names)
