"""Which engine the ``docker`` command would use, and whether anybody listens there."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from mbuild.builders.settings import folder_of, read_settings
from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass, field

PING_SECONDS = 5
DEFAULT_HOST = "unix:///var/run/docker.sock"
_UNIX = "unix://"
_TLS = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine is. host: as in DOCKER_HOST. options: more that docker-py has to know to connect.

    socket: the path of a local socket at which nothing but the question has to be said; "": ask through docker-py.
    """

    host: str
    options: Mapping[str, Any] = field(default_factory=dict)
    socket: str = ""


def endpoint() -> Endpoint:
    """Return where the ``docker`` command connects to: DOCKER_HOST, else DOCKER_CONTEXT, else the current context.

    Raises EnvironmentFault where nobody listens, for a context that does not exist, for settings that cannot be used.
    """
    found = _local(os.environ) or _by_docker(os.environ)
    _knock(found.host)
    return found


def _local(environ: Mapping[str, str]) -> Endpoint | None:
    """Return the engine of a local socket, unless the client's settings add something to what it is asked."""
    if any(map(environ.get, _TLS)):
        return None
    folder = folder_of(environ)
    try:
        settings = read_settings(folder / "config.json")
        context = environ.get("DOCKER_CONTEXT") or settings.get("currentContext")
        host = environ.get("DOCKER_HOST") or _host_of(folder, context)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    if settings.get("HttpHeaders") or not host.startswith(f"{_UNIX}/"):
        return None
    return Endpoint(host, socket=host.removeprefix(_UNIX))


def _host_of(folder: Path, context: Any) -> str:
    """Return where a context's engine is, as the client has written it down (docker/cli ``cli/context/store``)."""
    if context in (None, "", "default"):
        return DEFAULT_HOST
    place = folder / "contexts" / "meta" / sha256(str(context).encode()).hexdigest()
    return str(read_settings(place / "meta.json")["Endpoints"]["docker"]["Host"])


def _by_docker(environ: Mapping[str, str]) -> Endpoint:
    """Return what docker-py finds out, which takes a while to import."""
    host = environ.get("DOCKER_HOST") or ""
    _knock(host)
    from docker.context import ContextAPI
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        if host:
            options: dict[str, Any] = dict(kwargs_from_env())
            return Endpoint(str(options.pop("base_url", host)), options)
        name = environ.get("DOCKER_CONTEXT")
        context: Any = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    except (DockerException, OSError, ValueError) as error:
        raise no_answer(host, first_line(error)) from error
    if name and context is None:
        raise EnvironmentFault(f"DOCKER_CONTEXT: there is no docker context '{name}'", "docker context ls shows them")
    if context is None or not context.Host:
        return Endpoint(DEFAULT_HOST)
    return Endpoint(str(context.Host), {"tls": context.TLSConfig} if context.TLSConfig else {})


def _knock(host: str) -> None:
    """Raise EnvironmentFault when nobody listens on a socket: quicker to find out than by a client."""
    if host.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(PING_SECONDS)
            try:
                door.connect(host.removeprefix(_UNIX))
            except OSError as error:
                raise no_answer(host, error.strerror or str(error)) from error


def no_answer(host: str, why: str) -> EnvironmentFault:
    """Return the error of an engine that does not answer."""
    return EnvironmentFault(
        f"no Docker Engine answers{f' at {host}' if host else ''}: {why}",
        "start Docker, or point DOCKER_HOST at an engine",
        "images without RUN can be built with no engine: --builder oci",
    )


def first_line(error: BaseException) -> str:
    """Return what an error says first."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
