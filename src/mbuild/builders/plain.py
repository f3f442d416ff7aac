"""A build as people make it by hand: ``docker buildx build`` of a folder, with everything in it.

Nothing of what mbuild thinks an image reads has a part in this: the client reads the folder and its ignore file itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mbuild.builders import progress
from mbuild.builders.buildx import environment, followed
from mbuild.builders.engine import Engine
from mbuild.builders.protocol import Cancel
from mbuild.errors import EnvironmentFault
from mbuild.events import Emit, Event, Step, StepDone
from mbuild.images import Secret, Ssh
from mbuild.passed import ssh_option
from mbuild.process import start
from mbuild.values import dataclass, field


@dataclass(frozen=True, slots=True)
class PlainBuild:
    """What is asked of the client.

    image:    its name, for messages. dockerfile: the file; one named DOCKERFILE.dockerignore beside it counts.
    context:  the folder; folders: the named contexts that are folders. bound: named contexts → image reference or other
              source, as ``--build-context`` takes it. tag: the one name of the result. fresh: no step from the cache.
    """

    image: str
    dockerfile: Path
    context: Path
    tag: str
    folders: Mapping[str, Path] = field(default_factory=dict)
    bound: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    platform: str = ""
    secrets: tuple[Secret, ...] = ()
    ssh: tuple[Ssh, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class PlainResult:
    """How it ended. error: "" when it was built. steps: names of all steps; ran: of those not from the cache."""

    error: str
    steps: tuple[str, ...]
    ran: tuple[str, ...]


@dataclass(slots=True)
class _Steps:
    """Takes down the steps of a build while they pass by."""

    emit: Emit
    names: dict[str, str] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)

    def take(self, event: Event) -> None:
        if isinstance(event, Step):
            self.names[event.step] = event.name
        if isinstance(event, StepDone) and event.cached:
            self.cached.add(event.step)
        self.emit(event)


def build(engine: Engine, docker: str, asked: PlainBuild, emit: Emit, cancel: Cancel) -> PlainResult:
    """Run one build in an engine. docker: a client that has buildx. Raises EnvironmentFault when the engine is gone."""
    steps = _Steps(emit)
    told = progress.Progress(asked.image, steps.take)
    child = start(_argv(docker, asked), env=environment(engine.host), stdin=False)
    code = followed(child, told, cancel)
    if code and not cancel and told.is_of_surroundings:
        raise EnvironmentFault(f"building '{asked.image}': {told.error}")
    ran = tuple(name for step, name in steps.names.items() if step not in steps.cached)
    return PlainResult(told.error if code else "", tuple(steps.names.values()), ran)


def _argv(docker: str, asked: PlainBuild) -> list[str]:
    argv = [docker, "buildx", "build", "--progress=rawjson", "--provenance=false", "--load"]
    argv += [f"--file={asked.dockerfile}", f"--tag={asked.tag}"]
    argv += ["--no-cache"] if asked.fresh else []
    argv += [f"--target={asked.target}"] if asked.target else []
    argv += [f"--platform={asked.platform}"] if asked.platform else []
    argv += [f"--build-arg={name}={value}" for name, value in asked.args.items()]
    argv += [f"--label={name}={value}" for name, value in asked.labels.items()]
    argv += [f"--secret={each.option}" for each in asked.secrets]
    argv += [f"--ssh={ssh_option(each)}" for each in asked.ssh]
    argv += [f"--build-context={name}={value}" for name, value in asked.bound.items()]
    argv += [f"--build-context={name}={folder}" for name, folder in asked.folders.items()]
    return [*argv, "--", str(asked.context)]
