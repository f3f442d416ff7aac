"""Fixtures that several test modules share."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import Browser, find_browser
from tests.engines import OwnEngine, lacking, own_engine
from tests.registry.server import CONTENT, Proxy, program, proxied, serving
from tests.support import Repo

if TYPE_CHECKING:
    from mbuild.builders.engine import Engine

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


RANDOM = [
    Path(__file__).parent / each
    for each in (
        "ci/test_clones.py",
        "cli/test_audit_planted.py",
        "cli/test_in_parts.py",
        "cli/test_remembering.py",
        "discovery/test_robust.py",
        "git/test_random_edits.py",
        "oracle",
        "recovery",
        "schedule/test_simulation.py",
    )
]
"""Tests on what is drawn, by a seed or not, in great numbers."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave the tests themselves alone: thousands of them live to the end, and to look for garbage among them is slow.

    What they make is collected as seldom as in mbuild's own process (``mbuild.__main__``).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Measure no coverage while things are made ready that are big."""
    with _measured(not _is_big(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Measure coverage by tests that do the same every time.

    What only chance reaches is not tested, and under measurement random tests take up to three times as long, those of
    big things up to six times. The marker of pytest-cov does not do it: with several workers it pauses one of two
    measurements, and to pause one resumes the other.
    """
    drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    with _measured(not drawn and not _is_big(item) and not any(item.path.is_relative_to(each) for each in RANDOM)):
        return (yield)


def _is_big(item: pytest.Item) -> bool:
    return item.get_closest_marker("unmeasured") is not None


@contextlib.contextmanager
def _measured(wanted: bool) -> Iterator[None]:
    """Measure coverage or not, where it is measured at all."""
    if wanted:
        yield
        return
    tracing = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracing[0])
        threading.settrace(tracing[1])


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what mbuild remembers apart from the user's, and the CI that the tests run in out of the answers.

    All tests share the cache: a warm one must make no difference.
    """
    from mbuild.ci.registry import PROVIDERS

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MBUILD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        for variable in (*(name for name, _, _ in PROVIDERS if name != "CI"), "MBUILD_BASE", "MBUILD_BEFORE"):
            patch.delenv(variable, raising=False)
        if os.environ.get("CI") == "woodpecker":
            patch.setenv("CI", "true")
        patch.setenv("MBUILD_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_runner() -> Iterator[None]:
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
    """A Docker Engine that answers: its DOCKER_HOST, and a ``docker`` client that has buildx.

    buildx: how to call buildx itself, which spares the client's start and its look at all plugins for each build.
    """

    host: str
    docker: str
    buildx: tuple[str, ...]

    @property
    def major(self) -> int:
        """The engine's version, as in 28: its BuildKit is built into it."""
        return int(self.run("version", "--format", "{{.Server.Version}}").split(b".")[0])

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
        no_engine(f"needs a Docker Engine: {error}")
    client = find_docker()
    if client is None:
        no_engine("needs a docker client with buildx on PATH")
    return EngineUnderTest(found.host, client, _buildx(client))


def _buildx(client: str) -> tuple[str, ...]:
    """Return the client's own buildx as a command: it is a program of its own, too."""
    plugins = '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Path}}{{end}}{{end}}'
    shown = subprocess.run([client, "info", "--format", plugins], capture_output=True, text=True).stdout.strip()
    return (shown,) if shown else (client, "buildx")


@pytest.fixture
def engine_door(engine: EngineUnderTest) -> Iterator[Engine]:
    """Yield mbuild's own door to the engine."""
    from mbuild.builders.engine import connect

    found = connect()
    yield found
    found.close()


@pytest.fixture(scope="session")
def containerd_engine() -> Iterator[OwnEngine]:
    """Yield an engine of the tests' own that keeps images in containerd's store."""
    if why := lacking():
        no_engine(why)
    with own_engine(containerd_store=True) as found:
        yield found


@pytest.fixture
def mortal_engine() -> Iterator[OwnEngine]:
    """Yield an engine that a test may kill."""
    if why := lacking():
        no_engine(why)
    with own_engine() as found:
        yield found


def no_engine(why: str) -> NoReturn:
    if os.environ.get("MBUILD_REQUIRE_ENGINE"):
        pytest.fail(f"this is required: {why}")
    pytest.skip(why)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Yield Chromium; skip where it is not installed, fail where MBUILD_REQUIRE_BROWSER is set."""
    found = find_browser()
    if found is None:
        why = "needs Chromium (Debian: chromium)"
        if os.environ.get("MBUILD_REQUIRE_BROWSER"):
            pytest.fail(f"this is required: {why}")
        pytest.skip(why)
    with Browser(found, tmp_path_factory.mktemp("browser") / "profile") as started:
        yield started


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a new repository."""
    return Repo(tmp_path / "repo")


@pytest.fixture(scope="session")
def registry_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Yield the HOST:PORT of a registry, and the folder that has all of its content.

    Skip where the program is missing, fail where it is required.
    """
    if program() is None:
        why = "no registry is installed (Debian: docker-registry)"
        no_engine(why)
    folder = tmp_path_factory.mktemp("registry")
    with serving(folder) as host:
        yield host, folder / CONTENT


@pytest.fixture
def registry(registry_server: tuple[str, Path]) -> str:
    """Return the HOST:PORT of an empty registry: it knows nothing but what is in its folder."""
    host, content = registry_server
    shutil.rmtree(content, ignore_errors=True)
    return host


@pytest.fixture
def proxy(registry: str) -> Iterator[Proxy]:
    """Yield a proxy before an empty registry."""
    with proxied(registry, threading.Event()) as found:
        yield found
