"""The command lines that are run in the planted world, and everything that they print."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.secrets.harvest import Piece
from tests.secrets.planting import World

CRASH = """\
import sys, mbuild.app.workspace
from mbuild.cli.boundary import run
def broken(*args, **more):
    raise RuntimeError("no way to https://user:{secret}@example.com/x")
mbuild.app.workspace.open_workspace = broken
sys.exit(run(["check"]))
"""
FORMATS = ("text", "json", "github", "gitlab", "buildkite", "circleci", "azure", "dot", "mermaid", "bake")
METADATA = ("env", "compose", "kustomize", "helm")
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One command line. code: that it has to end in. where: the folder, the planted repository when None."""

    args: tuple[str, ...]
    code: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    where: Path | None = None
    script: str = ""


@dataclass(slots=True)
class Said:
    """What was printed, by command line. wrong: of command lines that did not end as expected."""

    pieces: list[Piece] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return b"\n".join(data for _, data in self.pieces).decode(errors="replace")


def call(*args: str, code: int = 0, env: Mapping[str, str] | None = None) -> Call:
    return Call(args, code, env or {})


def looks(world: World) -> list[Call]:
    """Return the commands that only look, and what can be built with no engine."""
    out = world.top / "out"
    change = ("--base", "HEAD^", "--head", "HEAD")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": f"{out}/output", "GITHUB_STEP_SUMMARY": f"{out}/summary"}
    return [
        call("affected", "--list", *change, "--format", "json"),
        call("affected", "--list", "--base", "HEAD", env=github),
        *(call("affected", "--dry-run", *change, "--format", each) for each in FORMATS),
        call("-v", "all", "--dry-run", "--format", "bake"),
        call("explain", "--image", "web", "--base", "HEAD^"),
        call("explain", "--image", "fetched", "--base", "HEAD^", "--format", "json"),
        call("explain", "web/index.html"),
        call("check"),
        *(call("graph", "--format", each) for each in ("text", "json", "dot", "mermaid")),
        *(call("context", each, "--list") for each in ("web", "sealed", "fetched")),
        call("context", "web", "--output", f"{out}/web.tar", "--format", "json"),
        call("simulate", "--format", "json"),
        call("state", "path"),
        Call(("init", "--dry-run"), where=world.top / "stated"),
        Call(("check",), where=world.top / "stated"),
        call("--config", f"{world.top}/outside.yaml", "check", code=2),
        call("--config", f"{world.top}/outside.yaml", "affected", "--list", *change, code=2),
    ]


def leaves(world: World) -> list[Call]:
    """Return the commands that reach out with no engine: builds of the embedded builder, registries, remotes."""
    out = world.top / "out"
    push = ("build", "web", "--builder", "oci", "--push", "--tag", "v1")
    asked = {"GIT_ASKPASS": str(world.top / "helpers/askpass"), "GIT_CONFIG_COUNT": "0"}
    header = world.values["http.extraHeader in GIT_CONFIG_VALUE_0"]
    given = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": f"X-Key: {header}"}
    more = {"password from GIT_ASKPASS": asked, "http.extraHeader in GIT_CONFIG_VALUE_0": given}
    malformed = f"http://user:{world.values['password in an HTTPS_PROXY that is malformed']}#@127.0.0.1:1"
    configs = ("token", "refusing", "away", "web")
    token, refusing, away, web = (("--config", f"{world.top}/{name}.yaml") for name in configs)
    return [
        call("--progress", "json", *push, "--metadata", f"{out}/oci.json", "--junit", f"{out}/oci.xml"),
        call(*token, *push, "--output", f"{out}/layout"),
        call(*refusing, *push, code=1),
        call(*away, "build", "web", "--dry-run"),
        call(*away, "build", "web", "--dry-run", env={"HTTPS_PROXY": malformed}),
        *(call(*web, "all", *push[2:], "--metadata", f"{out}/{each}", "--metadata-format", each) for each in METADATA),
        call("affected", "--list", "--base", "origin/other", "--fetch", code=3),
        call("mark-success", "--push", code=3),
        *(Call(("mark-success", "--push"), 3, more.get(name, {}), folder) for name, folder in world.remotes.items()),
        Call((), 70, script=CRASH.format(secret=world.values["URL in the message of a crash"])),
    ]


def builds(world: World, engine: str) -> list[Call]:
    """Return the commands that build with an engine, and push."""
    out, token, refusing = world.top / "out", world.top / "token.yaml", world.top / "refusing.yaml"
    plain = {"DOCKER_HOST": engine}
    without = {**plain, "DOCKER_CONFIG": f"{world.top}/docker-without-proxies"}
    github = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": f"{out}/built", "GITHUB_STEP_SUMMARY": f"{out}/built.md"}
    files = ("--metadata", f"{out}/broken.json", "--junit", f"{out}/broken.xml")
    push, record = ("--push", "--tag", "v1"), ("--metadata", f"{out}/release.json")
    calls = [
        ("-v --progress plain build sealed fetched --builder buildx", 0, plain, record),
        ("--progress json build broken --format json --builder buildx", 1, plain, files),
        ("-v build broken --builder auto", 1, plain | github, ()),
        ("build web --force --builder auto", 0, without, ()),
        ("build web --force --builder docker", 0, plain, push),
        ("build fetched --force --builder docker", 0, plain, ()),
        (f"--config {token} build web --builder buildx", 0, plain, push),
        (f"--config {refusing} build web --builder buildx", 1, plain, push),
        (f"--config {refusing} build web --builder docker --no-reuse", 1, plain, push),
    ]
    return [Call((*text.split(), *more), code, env) for text, code, env, more in calls]


def run(world: World, calls: Iterable[Call], said: Said) -> None:
    """Run command lines, some at once, and keep what they print."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for each, done in pool.map(lambda each: (each, _run(world, each)), calls):
            shown = " ".join(each.args) or "crash"
            if done.returncode != each.code:
                said.wrong.append(f"{shown}: {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}")
            said.pieces += [(f"stdout of {shown}", done.stdout), (f"stderr of {shown}", done.stderr)]


def _run(world: World, each: Call) -> subprocess.CompletedProcess[bytes]:
    command = ["-c", each.script] if each.script else ["-m", "mbuild", *each.args]
    environment = {**world.environment, **each.env}
    return subprocess.run(
        [sys.executable, *command], cwd=each.where or world.repo, env=environment, capture_output=True
    )
