"""Discovery with its doors opened: bake files go to ``docker buildx bake --print``."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from mbuild.builders.buildx import find_docker
from mbuild.builders.settings import folder_of
from mbuild.config.load import load
from mbuild.discovery import composecheck
from mbuild.discovery.model import Build, Discovery
from mbuild.discovery.sources import discover, own_paths
from mbuild.discovery.write import write
from mbuild.errors import ConfigError, EnvironmentFault, Problem, listed
from mbuild.images import ImageDef, Project
from mbuild.process import run
from mbuild.tree import Tree
from mbuild.values import dataclass, replace

TIMEOUT_SECONDS = 60.0
MOST_SUPPLIED = 100
"""So often buildx is asked again, with one more thing that it missed."""
MOST_LOST = 10
"""So many images are named where a text has lost some."""
AGENT = "SSH_AUTH_SOCK"
_NO_AGENT = "invalid empty ssh agent socket"
_NO_FILE = re.compile("failed to stat (.+): stat .+: no such file or directory")
_NO_KEY = re.compile("stat (.+): no such file or directory")
INNER, DEPTH = "in", 8
"""buildx is run so deep below a folder of its own: what it looks for above the repository is put there."""
OUTSIDE = "mbuild-outside"
"""The folder that stands for ``/``."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a tree states: the discovery, the build.yaml that says it, and the project that this text loads as."""

    found: Discovery
    text: str
    project: Project


def propose(tree: Tree) -> Proposal:
    """Return what ``mbuild init`` would write for a tree.

    Raises ConfigError or RuntimeError only for a bug: the text must load, and as all that was found.
    """
    found = discover(tree, bake)
    paths = [each.path for each in tree.below("")]
    text = write(found, paths)
    project = load(text.encode(), shown="build.yaml", folder="", tree_paths=lambda _: paths)
    builds = {each.name: each.build for each in found.images}
    _check_whole(project, builds)
    images = tuple(_completed(each, builds[each.name]) for each in project.images)
    return Proposal(found, text, replace(project, images=images, notes=found.problems, read=found.read))


def second_opinion(tree: Tree) -> tuple[Problem, ...]:
    """Return what buildx, where it is there, reads otherwise in the compose files of a tree than ``propose``."""
    if _docker() is None:
        return ()
    return composecheck.check(tree, own_paths(tree.below(""))[0], bake)


def _check_whole(project: Project, builds: Mapping[str, Build]) -> None:
    """Raise RuntimeError where a text does not load as what was found: nobody would miss an image that it has lost."""
    made = {each.name: (each.dockerfile, each.context_root) for each in project.images}
    meant = {name: (each.dockerfile, each.context) for name, each in builds.items()}
    if made != meant:
        lost = listed(sorted(dict(made.items() ^ meant.items())), MOST_LOST)
        raise RuntimeError(f"what mbuild init would write loses images that were found: {lost}")


def _completed(image: ImageDef, build: Build) -> ImageDef:
    """Return an image with what the text cannot say, and the place that states it instead of one in that text."""
    contexts = tuple(replace(each, where=build.where) for each in image.contexts)
    return replace(image, where=build.where, contexts=contexts, places=(), unheld=build.unheld)


_docker = cache(find_docker)


def bake(files: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
    """Return what buildx prints of targets. Raises ConfigError (its message), EnvironmentFault (it cannot run)."""
    docker = _docker()
    if docker is None:
        raise EnvironmentFault("there is no docker with buildx")
    with tempfile.TemporaryDirectory(prefix="mbuild-") as top:
        home = Path(top) / "home"
        folder = Path(top, *[INNER] * DEPTH)
        folder.mkdir(parents=True)
        texts = dict(files)
        given = [part for name in texts if name != ".env" for part in ("--file", name)]
        # The variables of whoever runs this must not count: only what it takes to find the plug-in is handed on.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C"}
        if plugins := _plugins():
            environment["DOCKER_CONFIG"] = _configuration(Path(top), plugins)
        argv = [docker, "buildx", "bake", "--print", *given, "--", *targets]
        for _ in range(MOST_SUPPLIED):
            for name, text in texts.items():
                (folder / name).write_bytes(text)
            done = run(argv, cwd=folder, env=environment, timeout=TIMEOUT_SECONDS)
            if done.code == 0:
                return done.out.replace(f"{OUTSIDE}/".encode(), b"/").replace(str(home).encode(), b"~")
            message = _message(done.err_text)
            moved = _moved(texts, message)
            if moved == texts and not _supply(message, folder, Path(top), environment):
                break
            texts = moved
    raise ConfigError(_message(done.err_text))


def _moved(texts: Mapping[str, bytes], message: str) -> dict[str, bytes]:
    """Return files in which an absolute path that buildx misses is one below the folder instead: it is put there."""
    missing = _NO_FILE.match(message) or _NO_KEY.match(message)
    if missing is None or not missing[1].startswith("/"):
        return dict(texts)
    path = re.escape(os.fsencode(missing[1]))
    moved = OUTSIDE.encode() + os.fsencode(missing[1])
    return {
        name: re.sub(rb"(?<=[=,\"'\s])" + path + rb"(?=[,\"'\s]|$)", lambda _: moved, text)
        for name, text in texts.items()
    }


def _supply(message: str, folder: Path, top: Path, environment: dict[str, str]) -> bool:
    """Put there what buildx misses though it only prints: it looks for files of secrets and for an ssh agent first.

    Nothing is put outside of top. Return whether that may help. Nothing of it is read or called (buildx ``bake.go``:
    toBuildOpt); what stands for a key is a socket, since a key would be read.
    """
    if message.startswith(_NO_AGENT) and AGENT not in environment:
        agent = top / "agent"
        _listen(agent)
        environment[AGENT] = str(agent)
        return agent.exists()
    missing, key = _NO_FILE.match(message), _NO_KEY.match(message)
    said = missing or key
    path = None if said is None else _below(top.resolve(), folder.resolve(), said[1])
    if path is None or path.exists():
        return False
    if missing:
        with suppress(OSError):
            path.touch()
    else:
        _listen(path)
    return path.exists()


def _below(top: Path, folder: Path, written: str) -> Path | None:
    """Return a path as it is written relative to a folder, with folders for all that it passes; None: it leaves top."""
    given = Path(os.path.relpath(written, folder) if written.startswith("/") else written)
    at = folder
    with suppress(OSError):
        for part in given.parent.parts:
            at = (at / part).resolve()
            if not at.is_relative_to(top):
                return None
            at.mkdir(exist_ok=True)
    return at / given.name


def _listen(path: Path) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(path))


def _plugins() -> Path | None:
    """Return the user's own folder of plug-ins, where buildx may be."""
    plugins = folder_of(os.environ) / "cli-plugins"
    return plugins if plugins.is_dir() else None


def _configuration(folder: Path, plugins: Path) -> str:
    """Make a configuration of Docker that has the plug-ins of the user's and nothing else."""
    config = folder / "docker-config"
    config.mkdir()
    (config / "cli-plugins").symlink_to(plugins)
    return str(config)


def _message(text: str) -> str:
    """Return the line of buildx's output that says what is wrong."""
    lines = [line.removeprefix("ERROR:").strip() for line in text.splitlines() if line.startswith("ERROR:")]
    return lines[-1] if lines else (text.splitlines() or ["docker buildx bake failed"])[-1]
