"""Images of registries that want a login: BuildKit asks us for it, as it asks the docker client."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EngineUnderTest, no_engine
from tests.registry.server import program, serving
from tests.support import Repo

pytestmark = pytest.mark.engine

USERS = "bob:$2y$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q\n"
"""The password is ``pw``."""


def settings(folder: Path, host: str, password: str) -> Path:
    """Return a folder with a docker client's settings."""
    folder.mkdir()
    entry = {"auth": base64.b64encode(f"bob:{password}".encode()).decode()}
    (folder / "config.json").write_text(json.dumps({"auths": {host: entry}}))
    return folder


@pytest.fixture
def base(engine: EngineUnderTest, tmp_path: Path) -> Iterator[str]:
    """Yield the name of an image with triggers in a registry that wants a login; the engine does not hold it."""
    if program() is None:
        no_engine("no registry is installed (Debian: docker-registry)")
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry", USERS) as host:
        name = f"{host}/{uuid.uuid4().hex[:12]}:1"
        text = b"FROM scratch\nLABEL a=b\nONBUILD COPY a* /triggered/\n"
        engine.run("buildx", "build", "--load", "--provenance=false", "--tag", name, "-", stdin=text)
        environment = os.environ | {"DOCKER_HOST": engine.host}
        client = [engine.docker, "--config", str(settings(tmp_path / "pushing", host, "pw"))]
        subprocess.run([*client, "push", "-q", name], env=environment, check=True, capture_output=True)
        engine.run("rmi", name)
        yield name


@pytest.mark.parametrize(
    ("password", "source", "code", "message"),
    [
        ("pw", "COPY a* /b/", 0, ""),
        ("pw", "COPY b /b/", 1, "reads a*, and no instruction of its Dockerfile does"),
        ("wrong", "COPY a* /b/", 1, "401 Unauthorized"),
    ],
)
def test_a_base_behind_a_login(
    repo: Repo,
    engine: EngineUnderTest,
    tmp_path: Path,
    base: str,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
    source: str,
    code: int,
    message: str,
) -> None:
    host, project = base.partition("/")[0], f"login-{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("DOCKER_CONFIG", str(settings(tmp_path / "building", host, password)))
    repo.write({"build.yaml": f"version: 1\nproject: {project}\nimages: {{app: {{}}}}\n", "app/a": "a", "app/b": "b"})
    repo.write({"app/Dockerfile": f"FROM {base}\n{source}\n"})
    answer = repo.mbuild("all", "--format", "json", "--retries", "0")
    if code == 0:
        engine.run("rmi", "--force", f"{project}/app:latest")
    assert answer.code == code, answer.err
    assert message in answer.err
    assert answer.json["builder"] == "buildkit"
