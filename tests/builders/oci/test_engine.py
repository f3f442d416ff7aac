"""The embedded builder against a real engine: the same Dockerfile over the same tree, the same image."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mbuild.errors import MbuildError
from tests.builders.oci import engine_cases as cases
from tests.builders.oci.support import Bench, FolderFiles, Shape, plant, saved
from tests.conftest import EngineUnderTest

pytestmark = pytest.mark.engine

COMPARED = (
    *("Env", "Entrypoint", "Cmd", "Labels", "ExposedPorts", "Volumes", "User", "WorkingDir", "StopSignal"),
    *("Healthcheck", "OnBuild", "Shell", "ArgsEscaped"),
)


@pytest.fixture
def image(engine: EngineUnderTest) -> Iterator[str]:
    """Return a name for an image of the engine, which is removed afterwards."""
    name = f"mbuild-oci-test:{uuid.uuid4().hex}"
    yield name
    engine.run("image", "rm", "--force", name)


FOLLOWED = 26
"""The version of Docker whose BuildKit the embedded builder is held against."""


def by_engine(engine: EngineUnderTest, image: str, dockerfile: str, root: Path) -> tuple[Shape, dict[str, Any]]:
    file = root.parent / "Dockerfile"
    file.write_text(dockerfile)
    engine.run("buildx", "build", "--load", "--tag", image, "--file", str(file), str(root))
    archive = root.parent / "saved.tar"
    engine.run("save", "--output", str(archive), image)
    return saved(archive, root.parent / "scratch")


def summary(config: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {key: config["config"].get(key) or None for key in COMPARED}
    shown["history"] = [(_line(each), bool(each.get("empty_layer"))) for each in config["history"]]
    return shown | {"os": config["os"], "architecture": config["architecture"], "author": config.get("author")}


def _line(entry: dict[str, Any]) -> str:
    line: str = entry["created_by"].removesuffix(" # buildkit")
    # Older engines print Go's maps and pointers here.
    return line.partition(" ")[0] if line.startswith(("EXPOSE", "HEALTHCHECK", "ARG")) else line


def everything() -> dict[str, str]:
    bodies = cases.FILES | {f"config: {name}": f"COPY a /a\n{text}" for name, text in cases.CONFIGS.items()}
    whole = cases.STAGES | cases.CONFIG_STAGES
    return {name: f"FROM scratch\n{text}\n" for name, text in bodies.items()} | whole


@pytest.mark.parametrize("name", everything())
def test_image_is_the_engines(name: str, engine: EngineUnderTest, image: str, bench: Bench, tmp_path: Path) -> None:
    if engine.major > FOLLOWED and name in cases.SINCE_27:
        pytest.skip(f"Docker {engine.major} does otherwise: {cases.SINCE_27[name]}")
    dockerfile = everything()[name]
    bench.contexts[""] = plant(tmp_path / "context", cases.TREE)

    shape, config = by_engine(engine, image, dockerfile, tmp_path / "context")

    assert bench.shape(dockerfile) == shape
    assert summary(bench.config()) == summary(config)
    assert bench.leftovers() == []


@pytest.mark.parametrize("name", cases.FAILING)
def test_fails_where_the_engine_fails(
    name: str, engine: EngineUnderTest, image: str, bench: Bench, tmp_path: Path
) -> None:
    dockerfile = f"FROM scratch\n{cases.FAILING[name]}\n"
    bench.contexts[""] = plant(tmp_path / "context", cases.TREE | cases.FAILING_TREE)

    with pytest.raises(CalledProcessError):
        by_engine(engine, image, dockerfile, tmp_path / "context")

    with pytest.raises(MbuildError) as caught:
        bench.shape(dockerfile)
    assert all(problem.where for problem in caught.value.problems)
    assert "\n" not in str(caught.value)
    assert bench.leftovers() == []
    assert bench.layout.names() == {}


NAMES = st.sampled_from(["a", "b", "l", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.lists(st.sampled_from(["a", "b", "d", ".", ".."]), min_size=1, max_size=3).map("/".join)
KINDS = st.one_of(
    st.just(("file", "")), st.just(("run", "")), st.just(("folder", "")), TARGETS.map(lambda t: ("link", t))
)
SOURCES = st.one_of(PATHS, PATHS, st.sampled_from([".", "*", "a*", "d/*", "?", "l/."]))
DESTS = st.tuples(st.sampled_from(["", "/", "/m/"]), PATHS, st.sampled_from(["", "/"])).map("".join)
FLAGS = st.sampled_from(["", "", "", " --chown=3:4", " --chmod=700", " --chown=5 --chmod=1640"])
COPIES = st.tuples(st.sampled_from(["COPY", "COPY", "ADD"]), FLAGS, SOURCES, DESTS).map(
    lambda each: "{}{} {} {}".format(*each)
)
LINES = st.lists(
    st.one_of(COPIES, COPIES, DESTS.map("WORKDIR {}".format), st.just("COPY . /m/")), min_size=1, max_size=5
)


def planted(root: Path, tree: list[tuple[str, tuple[str, str]]]) -> FolderFiles:
    """Plant what can be: what would lie below a file or over something else is left out."""
    root.mkdir()
    for path, (kind, target) in tree:
        place = root / path
        blocked = any(each.is_symlink() or each.is_file() for each in place.parents if root in each.parents)
        if blocked or place.exists() or place.is_symlink():
            continue
        plant(root, {path + {"file": "", "run": "*", "folder": "/", "link": "@"}[kind]: target or path})
    return FolderFiles(root)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(tree=st.lists(st.tuples(PATHS, KINDS), min_size=1, max_size=10), lines=LINES)
def test_whatever_is_copied_is_what_the_engine_copies(
    tree: list[tuple[str, tuple[str, str]]], lines: list[str], engine: EngineUnderTest, tmp_path_factory: Any
) -> None:
    if engine.major > FOLLOWED:
        assume(not any("--chmod" in line for line in lines))
    folder = tmp_path_factory.mktemp("generated")
    bench = Bench(folder)
    bench.contexts[""] = planted(folder / "context", tree)
    dockerfile = "\n".join(["FROM scratch", *lines, ""])
    name = f"mbuild-oci-test:{uuid.uuid4().hex}"
    try:
        expected: object = by_engine(engine, name, dockerfile, folder / "context")[0]
    except CalledProcessError:
        expected = None
    else:
        engine.run("image", "rm", "--force", name)
    try:
        found: object = bench.shape(dockerfile)
    except MbuildError:
        found = None
    # The engine looks at some links that it would not copy, and then misses their targets.
    if expected is not None:
        assert found == expected
