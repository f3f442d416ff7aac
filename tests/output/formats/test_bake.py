"""Bake files: what buildx reads in them, and that what it builds is what mbuild builds."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from mbuild.builders.buildx import find_docker
from mbuild.images import Secret, Ssh
from mbuild.output.formats.registry import render
from mbuild.output.target import Target
from tests.conftest import EngineUnderTest
from tests.oracle.minimal.results import result_of
from tests.output.formats.answers import SHOP
from tests.support import Repo

TEMPLATES = (
    "${BAKE_CMD_CONTEXT}",
    "$${x}",
    "$$${x}",
    "%{ if true }x%{ endif }",
    "%%{x}",
    "$",
    "${",
    "$$",
    "%{",
    "\\${x}",
    '"',
    "a\nb",
    "ü",
)


def target(name: str, **more: Any) -> Target:
    parts: dict[str, Any] = {key: {} for key in ("args", "contexts", "external", "parents", "known", "labels")}
    parts |= dict.fromkeys(("after", "secrets", "ssh", "cache_from", "cache_to", "platforms", "tags"), ())
    parts |= {"dockerfile": f"{name}/Dockerfile", "context_root": name, "stage": None} | more
    return Target(name, **parts)


def baked(*targets: Target) -> dict[str, Any]:
    value = json.loads(render("bake", replace(SHOP, targets=targets)))
    found: dict[str, Any] = value["target"]
    assert value["group"]["default"]["targets"] == [name for name, each in found.items() if "--as-" not in name]
    return found


@pytest.fixture(scope="module")
def buildx() -> str:
    found = find_docker()
    if found is None:
        pytest.skip("needs a docker client with buildx")
    return found


def read(buildx: str, text: str, folder: Path) -> Any:
    """Return what buildx makes of a bake file; it needs no engine for that."""
    (folder / "plan.json").write_text(text)
    argv = [buildx, "buildx", "bake", "-f", "plan.json", "--print"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_in_a_repository_is_evaluated(buildx: str, tmp_path: Path) -> None:
    texts = {f"T{number}": text for number, text in enumerate(TEMPLATES)} | {"K${x}": "key"}
    image = target("api", args=texts, stage="${x}", labels={"l": "${x}"}, dockerfile="api/${x}.Dockerfile")
    found = read(buildx, render("bake", replace(SHOP, targets=(image,))), tmp_path)["target"]["api"]
    assert found["args"] == texts
    assert found["target"] == "${x}"
    assert found["labels"] == {"l": "${x}"}
    assert found["dockerfile"] == "${x}.Dockerfile"


def test_a_plan_without_images_is_read_too(buildx: str, tmp_path: Path) -> None:
    found = read(buildx, render("bake", replace(SHOP, targets=())), tmp_path)["target"]
    assert {name: each["output"] for name, each in found.items()} == {"nothing-to-build": ["type=cacheonly"]}


def test_names_become_names_of_targets_and_none_is_lost() -> None:
    found = baked(*(target(name, tags=(name,)) for name in ("a.b", "a/b", "a_b", "default", "a_b_2")))
    assert {name: each["tags"] for name, each in found.items()} == {
        "a_b": ["a.b"],
        "a_b_2": ["a/b"],
        "a_b_3": ["a_b"],
        "default_2": ["default"],
        "a_b_2_2": ["a_b_2"],
    }


def test_parents_that_are_built_are_targets_and_others_are_references() -> None:
    api = target(
        "api",
        parents={"shop/base:latest": "base", "tools": "tools/lint"},
        known={"tools/lint": "s/t:mb-1"},
        after=("db",),
    )
    found = baked(target("base"), target("db"), api)["api"]["contexts"]
    assert found == {"shop/base": "target:base", "tools": "docker-image://s/t:mb-1", "mbuild-after-db": "target:db"}


def test_a_parent_with_several_names_is_a_target_for_each() -> None:
    parents = {"shop/base": "base", "acme/base:1": "base", "other": "base"}
    found = baked(target("base", tags=("s/base:1",)), target("api", parents=parents))
    names = {"acme/base:1": "target:base", "other": "target:base--as-2", "shop/base": "target:base--as-3"}
    assert found["api"]["contexts"] == names
    assert found["base--as-2"] == {key: item for key, item in found["base"].items() if key != "tags"} | {
        "output": ["type=cacheonly"]
    }


def test_paths_are_from_the_top_of_the_repository() -> None:
    found = baked(
        target(
            "web",
            dockerfile="docker/web.Dockerfile",
            context_root="services/web",
            contexts={"proto": "proto", "all": ""},
        ),
        target("top", context_root="", dockerfile="Dockerfile"),
        target("odd", secrets=(Secret("a", env="A"), Secret("b", file="x,y")), ssh=(Ssh("k", ("a", "b")),)),
        target("cached", cache_from=("type=registry,ref=x",), cache_to=("type=inline",)),
    )
    assert found["web"] == {
        "context": "./services/web",
        "dockerfile": "../../docker/web.Dockerfile",
        "contexts": {"proto": "./proto", "all": "."},
        "attest": ["type=provenance,disabled=true"],
        "output": ["type=docker"],
    }
    assert (found["top"]["context"], found["top"]["dockerfile"]) == (".", "Dockerfile")
    assert found["odd"]["secret"] == ["id=a,env=A", 'id=b,"src=x,y"']
    assert found["odd"]["ssh"] == ["k=a,b"]
    assert (found["cached"]["cache-from"], found["cached"]["cache-to"]) == (["type=registry,ref=x"], ["type=inline"])


CONFIG = """\
version: 1
project: PROJECT
images:
  base: {dockerfile: base/Dockerfile, tags: [v1], aliases: [acme/base]}
  tools/lint.v2: {context: tools}
  api:
    dockerfile: docker/api.Dockerfile
    context: .
    target: runtime
    args: {GREETING: "hi ${HOME} %{x} $$", BASE: "acme/base:1"}
    contexts: {proto: ./proto, lint: "image:tools/lint.v2"}
    secrets: [{id: token, env: BAKE_TEST_TOKEN}]
  web: {context: web, depends_on: [api]}
"""

FILES = {
    "base/Dockerfile": "FROM scratch\\nCOPY busybox /bin/sh\\nENV A=1\\n",
    "tools/Dockerfile": "FROM scratch\\nCOPY lint /lint\\n",
    "tools/lint": "lint",
    "docker/api.Dockerfile": """\
ARG BASE=none
FROM ${BASE} AS build
ARG GREETING
COPY libs /libs
RUN --mount=type=secret,id=token echo "$GREETING $(wc -c < /run/secrets/token)" > /greeting || echo none > /greeting
FROM acme/base AS runtime
COPY --from=build /greeting /libs /app/
COPY --from=proto . /proto
COPY --from=lint /lint /lint
ENTRYPOINT ["/bin/sh"]
FROM scratch AS unused
COPY no-such-file /
""",
    "docker/api.Dockerfile.dockerignore": "**/*.md\\n",
    "libs/a.txt": "a",
    "libs/deep/b.txt": "b",
    "libs/notes.md": "left out",
    "proto/x.proto": "x",
    "web/Dockerfile": "FROM scratch\\nCOPY . /srv\\nLABEL x=y\\n",
    "web/.dockerignore": "Dockerfile\\n.dockerignore\\n*.md\\n",
    "web/index.html": "<h1>",
    "web/notes.md": "left out",
}


@pytest.fixture
def shop(repo: Repo, engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Repo, str]]:
    """Return a repository of images that use all a definition can say, and its project; no image is left behind."""
    project = f"bake-{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("BAKE_TEST_TOKEN", "12345")
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    busybox = Path("/bin/busybox")
    if not busybox.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    repo.write(
        {"build.yaml": CONFIG.replace("PROJECT", project)} | {k: v.replace("\\n", "\n") for k, v in FILES.items()}
    )
    (repo.folder / "base/busybox").write_bytes(busybox.read_bytes())
    (repo.folder / "base/busybox").chmod(0o755)
    repo.commit()
    yield repo, project
    found = engine.run(
        "image", "ls", "--quiet", "--filter", f"reference={project}/*", "--filter", f"reference={project}/*/*"
    )
    engine.run("image", "rm", "--force", *sorted(set(found.decode().split())))


def bake(engine: EngineUnderTest, repo: Repo, text: str) -> None:
    (repo.folder.parent / "plan.json").write_text(text)
    argv = [engine.docker, "buildx", "bake", "-f", str(repo.folder.parent / "plan.json")]
    done = subprocess.run(argv, cwd=repo.folder, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.engine
def test_bake_builds_the_images_that_mbuild_builds(engine: EngineUnderTest, shop: tuple[Repo, str]) -> None:
    repo, project = shop
    names = [f"{project}/{name}" for name in ("base", "tools/lint.v2", "api", "web")]
    client: Any = docker.APIClient(base_url=engine.host)
    plan = repo.mbuild("all", "--dry-run", "--format", "bake", "--tag", "baked", "--builder", "buildx")
    assert (plan.code, plan.err) == (0, "")
    bake(engine, repo, plan.out)
    theirs = {name: (result_of(client, f"{name}:baked"), client.inspect_image(f"{name}:baked")) for name in names}
    assert "/greeting" not in theirs[names[0]][0].files

    assert repo.mbuild("--progress", "quiet", "all", "--force", "--tag", "ours", "--builder", "buildx").code == 0
    for name in names:
        result, described = theirs[name]
        assert result.differences(result_of(client, f"{name}:ours")) == []
        assert described["Config"]["Labels"] == client.inspect_image(f"{name}:ours")["Config"]["Labels"]
    assert any(path.endswith("app/deep/b.txt") for path in theirs[names[2]][0].files)


@pytest.mark.engine
def test_what_bake_built_is_there_for_mbuild_and_what_exists_is_in_no_bake_file(
    engine: EngineUnderTest, shop: tuple[Repo, str]
) -> None:
    repo, project = shop
    bake(engine, repo, repo.mbuild("build", "base", "tools/lint.v2", "--dry-run", "--format", "bake").out)
    again = repo.mbuild("build", "base", "--dry-run", "--format", "json", "--builder", "buildx")
    assert again.image("base")["action"] == "reuse"
    plan = repo.mbuild("all", "--dry-run", "--format", "bake", "--builder", "buildx")
    found = json.loads(plan.out)["target"]
    assert set(found) == {"api", "web"}
    assert found["api"]["contexts"]["acme/base"].startswith(f"docker-image://{project}/base:mb-")
    bake(engine, repo, plan.out)
    assert repo.mbuild("all", "--dry-run", "--format", "json", "--builder", "buildx").json["order"] == [
        ["api", "base", "tools/lint.v2", "web"]
    ]
