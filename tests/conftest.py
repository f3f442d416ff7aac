"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import Repo

pytest_plugins = ["tests.oracle.soundness.totals"]

# Machines differ in speed: how long an example takes says nothing about the code. What fails is printed as a blob.
# CI takes the same examples every time, as hypothesis does by default there; new ones are looked for elsewhere.
settings.register_profile(
    "mbuild",
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("mbuild")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what mbuild remembers apart from the user's. All tests share it: a warm cache must make no difference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MBUILD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_agent() -> Iterator[None]:
    """Keep the CI system that runs the tests out of them: what it reads of mbuild is tested by itself."""
    with pytest.MonkeyPatch.context() as patch:
        for each in (
            "GITHUB_ACTIONS",
            "GITHUB_OUTPUT",
            "GITHUB_STEP_SUMMARY",
            "GITLAB_CI",
            "TF_BUILD",
            "TEAMCITY_VERSION",
        ):
            patch.delenv(each, raising=False)
        yield


@pytest.fixture(scope="session")
def cases() -> Path:
    """Return the folder of peers' test tables: MBUILD_CASES, else beside the checkout; skip where it is absent."""
    folder = Path(os.environ.get("MBUILD_CASES") or Path(__file__).parents[2] / "shared" / "cases")
    if not folder.is_dir():
        pytest.skip(f"the peers' tables are not there ({folder}): set MBUILD_CASES to their folder")
    return folder


@dataclass(frozen=True)
class EngineUnderTest:
    """A Docker Engine that answers: its DOCKER_HOST, and a ``docker`` client that has buildx."""

    host: str
    docker: str

    def run(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Run the client and return what it printed."""
        environment = os.environ | {"DOCKER_HOST": self.host}
        return subprocess.run(
            [self.docker, *args], env=environment, input=stdin, check=True, capture_output=True
        ).stdout


@pytest.fixture(scope="session")
def engine() -> EngineUnderTest:
    """Return the engine that ``docker`` would use; skip where none answers, fail where MBUILD_REQUIRE_ENGINE is set."""
    from mbuild.builders.buildx import find_docker
    from mbuild.builders.engine import connect
    from mbuild.errors import EnvironmentFault

    try:
        found = connect()
    except EnvironmentFault as error:
        return _no_engine(str(error))
    client = find_docker()
    return EngineUnderTest(found.host, client) if client else _no_engine("no docker client on PATH has buildx")


def _no_engine(why: str) -> EngineUnderTest:
    if os.environ.get("MBUILD_REQUIRE_ENGINE"):
        pytest.fail(f"an engine is required: {why}")
    pytest.skip(f"needs a Docker Engine: {why}")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a new repository."""
    return Repo(tmp_path / "repo")
