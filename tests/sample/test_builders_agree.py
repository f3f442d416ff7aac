"""The sample's images, built by every builder there is: the same root file system and the same configuration."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.oci.layout import Layout
from tests.builders.oci.support import Shape, saved, shape_of
from tests.conftest import EngineUnderTest
from tests.support import Repo

pytestmark = pytest.mark.engine

TOP = Path(__file__).parents[2]
COMPARED = (
    *("Env", "Entrypoint", "Cmd", "Labels", "ExposedPorts", "Volumes", "User", "WorkingDir", "StopSignal"),
    *("Healthcheck", "OnBuild", "Shell"),
)


@pytest.fixture(scope="module")
def project() -> str:
    return f"s{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, project: str) -> Repo:
    """The sample in a repository of its own, under a project name of its own."""
    repo = Repo(tmp_path_factory.mktemp("sample") / "repo")
    ignore = shutil.ignore_patterns("bulk", "__pycache__")
    shutil.copytree(TOP / "sample_monorepo", repo.folder / "sample_monorepo", symlinks=True, ignore=ignore)
    shutil.copy(TOP / "build.yaml", repo.folder)
    for path in [repo.folder / "build.yaml", *repo.folder.rglob("Dockerfile")]:
        text = re.sub(r"(FROM |--from=|\[)shop/", rf"\1{project}/", path.read_text())
        path.write_text(re.sub(r"^project: shop", f"project: {project}", text, flags=re.MULTILINE))
    repo.commit(message="sample")
    return repo


@pytest.fixture(scope="module")
def embedded(sample: Repo) -> Repo:
    answer = sample.mbuild("--progress", "quiet", "all", "--builder", "oci")
    assert answer.code == 0, answer.err
    return sample


@pytest.fixture(scope="module", params=["buildx", "docker"])
def loaded(request: pytest.FixtureRequest, sample: Repo, engine: EngineUnderTest, project: str) -> Iterator[list[str]]:
    """Every image in the engine; the names of all of them."""
    answer = sample.mbuild("--progress", "quiet", "all", "--builder", request.param, "--format", "json")
    assert answer.code == 0, answer.err
    yield [each["name"] for each in answer.json["images"]]
    names = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", f"{project}/*").decode().split()
    engine.run("rmi", "--force", *names)


def summary(config: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {key: config["config"].get(key) or None for key in COMPARED}
    # The classic builder, which `docker` falls back to for some, leaves out what is the default anyway.
    shown["WorkingDir"] = shown["WorkingDir"] or "/"
    return shown | {"os": config["os"], "architecture": config["architecture"]}


def from_engine(engine: EngineUnderTest, name: str, folder: Path) -> tuple[Shape, dict[str, Any]]:
    archive = folder / "saved.tar"
    engine.run("save", "--output", str(archive), name)
    return saved(archive, folder / "scratch")


def test_same_images(embedded: Repo, loaded: list[str], engine: EngineUnderTest, project: str, tmp_path: Path) -> None:
    layout = Layout(embedded.folder / ".mbuild" / "oci")
    assert len(loaded) >= 9
    for name in loaded:
        descriptor = layout.find(f"{project}/{name}:latest") or layout.find(f"docker.io/{project}/{name}:latest")
        assert descriptor is not None, name
        shape, config = from_engine(engine, f"{project}/{name}:latest", tmp_path)
        assert shape_of(layout, descriptor) == shape, name
        assert summary(dict(layout.read_config(descriptor))) == summary(config), name
