"""The Docker Engine that answers, and the same images for its own tools: a bake file, a list of builds."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass

from bench.meter import environment
from bench.monorepo.layout import CORE, Image, Layout
from bench.monorepo.texts import PROJECT
from mbuild.builders.buildx import find_docker

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Client:
    """A docker client that has buildx. socket: of its engine."""

    docker: str
    socket: str

    def run(self, *args: str) -> str:
        """Run the client and return what it prints. Raises CalledProcessError."""
        done = subprocess.run((self.docker, *args), env=environment(), check=True, capture_output=True, text=True)
        return done.stdout

    def images(self) -> tuple[str, ...]:
        """Return the names of the images that the suite has made."""
        shown = self.run("image", "ls", "--filter", f"reference={PROJECT}/*", "--format", "{{.Repository}}:{{.Tag}}")
        return tuple(shown.split())

    def remove_images(self) -> None:
        """Remove them."""
        names = self.images()
        for start in range(0, len(names), AT_ONCE):
            self.run("image", "rm", "--force", *names[start : start + AT_ONCE])


def client() -> Client | str:
    """Return the client, or why there is none."""
    docker = find_docker()
    if docker is None:
        return "no docker client with buildx"
    try:
        found = Client(docker, "")
        found.run("version", "--format", "{{.Server.Version}}")
        host = found.run("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    except subprocess.CalledProcessError as error:
        return f"no engine answers: {error.stderr.strip()}"
    return Client(docker, host.removeprefix("unix://")) if host.startswith("unix://") else f"not a local engine: {host}"


def bake_file(layout: Layout) -> str:
    """Return the images as a bake file in JSON."""
    return json.dumps({"group": {"default": {"targets": _names(layout)}}, "target": _targets(layout)}, indent=1)


def _names(layout: Layout) -> list[str]:
    return [each.name for each in layout.images]


def _targets(layout: Layout) -> dict[str, object]:
    return {each.name: _target(each) for each in layout.images}


def _target(image: Image) -> dict[str, object]:
    contexts = {f"{PROJECT}/{image.parent}": f"target:{image.parent}"} if image.parent else {}
    contexts |= {"core": CORE} if image.core == "named" else {}
    dockerfile = image.dockerfile if image.root == "." else "Dockerfile"
    args = {"RELEASE": "1"} if image.release else {}
    tags = [f"{PROJECT}/{image.name}:latest"]
    return {"context": image.root, "dockerfile": dockerfile, "contexts": contexts, "args": args, "tags": tags}


def build_script(layout: Layout, docker: str) -> str:
    """Return a shell script with one ``docker buildx build`` after the other, parents first."""
    return "set -e\n" + "".join(f"{shlex.join(_build(each, docker))}\n" for each in layout.images)


def _build(image: Image, docker: str) -> list[str]:
    named = ["--build-context", f"core={CORE}"] if image.core == "named" else []
    args = ["--build-arg", "RELEASE=1"] if image.release else []
    tag = f"{PROJECT}/{image.name}:latest"
    return [docker, "buildx", "build", "--quiet", "--file", image.dockerfile, "--tag", tag, *named, *args, image.root]
