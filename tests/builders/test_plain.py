"""The client that an audit builds with: its own end is told from that of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mbuild.builders.engine import Engine
from mbuild.builders.plain import PlainBuild, build
from mbuild.builders.protocol import Cancel
from mbuild.errors import EnvironmentFault
from mbuild.images import Secret, Ssh

NOBODY: Any = None


def client(folder: Path, script: str) -> str:
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def asked(folder: Path, **more: Any) -> PlainBuild:
    return PlainBuild("api", folder / "Dockerfile", folder, "x:1", **more)


def run(docker: str, wanted: PlainBuild) -> Any:
    return build(Engine("unix:///nowhere", {}, lambda: NOBODY), docker, wanted, lambda _: None, Cancel())


def test_an_engine_that_is_gone_is_no_failed_build(tmp_path: Path) -> None:
    docker = client(tmp_path, 'echo "ERROR: Cannot connect to the Docker daemon at unix:///nowhere" >&2; exit 1')
    with pytest.raises(EnvironmentFault, match="building 'api': Cannot connect"):
        run(docker, asked(tmp_path))


def test_a_failed_build_is_a_value(tmp_path: Path) -> None:
    found = run(client(tmp_path, 'echo "ERROR: failed to solve: no" >&2; exit 1'), asked(tmp_path))
    assert (found.error, found.steps, found.ran) == ("no", (), ())


def test_everything_is_an_option_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    docker = client(tmp_path, f'printf "%s\\n" "$@" >{tmp_path}/argv; echo "$DOCKER_HOST" >>{tmp_path}/argv')
    wanted = asked(
        tmp_path,
        folders={"lib": tmp_path / "lib"},
        bound={"shop/base": "docker-image://base:1"},
        args={"A": "b c", "--x": "; y"},
        target="last",
        platform="linux/arm64",
        secrets=(Secret("npm", env="TOKEN"),),
        ssh=(Ssh("default"), Ssh("k", ("/a b", "/c"))),
        labels={"l": "m n"},
        fresh=True,
    )
    assert run(docker, wanted).error == ""
    assert (tmp_path / "argv").read_text().splitlines() == [
        "buildx",
        "build",
        "--progress=rawjson",
        "--provenance=false",
        "--load",
        f"--file={tmp_path}/Dockerfile",
        "--tag=x:1",
        "--no-cache",
        "--target=last",
        "--platform=linux/arm64",
        "--build-arg=A=b c",
        "--build-arg=--x=; y",
        "--label=l=m n",
        "--secret=id=npm,env=TOKEN",
        "--ssh=default",
        "--ssh=k=/a b,/c",
        "--build-context=shop/base=docker-image://base:1",
        f"--build-context=lib={tmp_path}/lib",
        "--",
        str(tmp_path),
        "unix:///nowhere",
    ]
