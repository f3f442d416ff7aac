"""The builders there are, and which one ``auto`` picks. A new builder gets one line here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.builders.protocol import Builder
from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass, replace

if TYPE_CHECKING:
    from mbuild.builders.engine import Engine

NAMES = ("auto", "buildx", "docker", "oci")


def _connect() -> Engine:
    from mbuild.builders.engine import connect

    return connect()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a builder may need to know.

    output: the folder for an OCI image layout. connect: gives the engine, or raises EnvironmentFault.
    """

    output: Path
    connect: Callable[[], Engine] = _connect


@dataclass(frozen=True, slots=True)
class Chosen:
    """A builder, and why ``auto`` had to do without an engine, if it had to."""

    builder: Builder
    no_engine: EnvironmentFault | None = None


def choose(name: str, around: Surroundings) -> Chosen:
    """Return the builder of a name; ``auto``: the engine's BuildKit, else oci. Raises EnvironmentFault."""
    if name != "auto":
        return Chosen(_BUILDERS[name](around))
    try:
        return Chosen(_engine(around))
    except EnvironmentFault as error:
        return Chosen(_oci(around), error)


def _engine(around: Surroundings) -> Builder:
    from mbuild.builders.auto import auto, client_settings

    engine = around.connect()
    if not engine.has_buildkit and not client_settings(os.environ).special:
        return _docker(replace(around, connect=lambda: engine))  # buildx would bring a BuildKit that sees no image here
    return auto(engine)


def _buildx(around: Surroundings) -> Builder:
    from mbuild.builders.buildx import Buildx, find_docker

    engine = around.connect()
    client = find_docker()
    if client is None:
        engine.close()
        raise EnvironmentFault(
            "no docker command on PATH has buildx",
            "install the buildx plugin (Debian: docker-buildx, elsewhere: docker-buildx-plugin)",
            "or use --builder docker, which needs none",
        )
    return Buildx(engine, client)


def _docker(around: Surroundings) -> Builder:
    from mbuild.builders.dockerapi import DockerApi

    return DockerApi(around.connect())


def _oci(around: Surroundings) -> Builder:
    from mbuild.builders.embedded import Embedded

    return Embedded(around.output)


_BUILDERS: dict[str, Callable[[Surroundings], Builder]] = {"buildx": _buildx, "docker": _docker, "oci": _oci}
