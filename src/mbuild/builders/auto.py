"""What ``auto`` does with an engine: BuildKit's own interface where that asks for the same, else another client."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mbuild.builders.buildx import Buildx, find_docker
from mbuild.builders.dockerapi import DockerApi
from mbuild.builders.engine_store import EngineStore
from mbuild.builders.kit.agent import agents
from mbuild.builders.kit.builder import Kit
from mbuild.builders.protocol import Builder, BuildRequest, BuildResult, Cancel
from mbuild.builders.settings import folder_of, read_settings
from mbuild.errors import Problem
from mbuild.events import Emit
from mbuild.images import ImageDef
from mbuild.passed import cache_parts
from mbuild.registry.credentials import HUB, Credentials, find
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.registry.registries import Registries

_HUB_REGISTRY = "registry-1.docker.io"
_SPEAKS = ("BUILDX_", "DOCKER_AUTH_CONFIG", "EXPERIMENTAL_BUILDKIT_")
_OWN = {"BUILDX_NO_DEFAULT_ATTESTATIONS"}
"""Variables that change what buildx does, and one that asks for what is done anyway."""

_CACHES = frozenset((("cache_from", "registry"), ("cache_to", "inline")))
"""What an engine reads and writes by itself, whatever its store (buildx ``driver/features.go``, CacheExport)."""
_LAYOUT = "oci-layout://"
"""Begins a named context that the buildx client reads from this machine's disk."""

_OF_CLIENT = frozenset(("BUILDKIT_INLINE_CACHE", "BUILDKIT_MULTI_PLATFORM"))
"""Build arguments that the buildx client acts on itself (buildx ``build/opt.go``)."""


@dataclass(frozen=True, slots=True)
class Client:
    """What the docker client's settings add to a build.

    special: another builder is in use, or variables change what buildx asks for. logged_in: it may send credentials.
    """

    special: bool = False
    logged_in: bool = False


def client_settings(environ: Mapping[str, str]) -> Client:
    """Read the docker client's settings; what cannot be read counts as special."""
    folder = folder_of(environ)
    spoken = any(name.startswith(_SPEAKS) and name not in _OWN for name in environ)
    try:
        settings, current = read_settings(folder / "config.json"), read_settings(folder / "buildx" / "current")
    except (OSError, ValueError):
        return Client(special=True)
    special = spoken or bool(settings.get("proxies")) or current.get("Name") not in (None, "", "default")
    return Client(special, any(settings.get(key) for key in ("auths", "credsStore", "credHelpers")))


def is_plain(request: BuildRequest, client: Client) -> bool:
    """Whether buildx would do nothing for an image that we do not: keys in files, caches elsewhere, other drivers."""
    return not (
        client.special
        or _is_for_buildx(request)
        or any(each.startswith(_LAYOUT) for each in request.external.values())
        or agents(request.ssh, os.environ) is None
        or not request.tags
    )


def _is_for_buildx(said: BuildRequest | ImageDef) -> bool:
    """Whether an image says something that only buildx hands on."""
    caches = {(each, cache_parts(text)[0]) for each in ("cache_from", "cache_to") for text in getattr(said, each)}
    return not caches <= _CACHES or len(said.platforms) > 1 or not _OF_CLIENT.isdisjoint(dict(said.args))


@dataclass(slots=True)
class Auto(EngineStore):
    """Builds with ``kit`` what it can, the rest by buildx, or by the engine's API where no client has buildx."""

    kit: Kit | None
    client: Client
    name: str = "buildkit"
    _other: Builder | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accepts(self, definition: ImageDef) -> bool:
        """Tell whether the engine's BuildKit is asked itself: that judges everything."""
        layouts = any(each.value.startswith(_LAYOUT) for each in definition.contexts)
        others = self.client.special or layouts or definition.ssh or _is_for_buildx(definition)
        return self.kit is not None and not others

    def check(self, request: BuildRequest) -> tuple[Problem, ...]:
        """Return what the way that is taken cannot build."""
        return self._way(request).check(request)

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        """Build one image."""
        return self._way(request).build(request, emit, cancel)

    def push(self, name: str, registries: Registries) -> str:
        """Push one name as the client does that has built it. Raises RegistryError."""
        return self._other.push(name, registries) if self._other else EngineStore.push(self, name, registries)

    def pull(self, name: str, registries: Registries) -> bool:
        """Bring an image to where builds will look for it. Raises RegistryError."""
        return (
            self._another().pull(name, registries) if self.client.special else EngineStore.pull(self, name, registries)
        )

    def close(self) -> None:
        """Close all connections to the engine."""
        if self.kit is not None:
            self.kit.control.close()
        self.engine.close()

    def _way(self, request: BuildRequest) -> Builder:
        if self.kit is not None and is_plain(request, self.client):
            return self.kit
        return self._another()

    def _another(self) -> Builder:
        """Return the client for what the engine's BuildKit is not asked itself."""
        with self._lock:
            if self._other is None:
                docker = find_docker()
                self._other = Buildx(self.engine, docker) if docker else DockerApi(self.engine)
            return self._other


def auto(engine: Any) -> Auto:
    """Return the builder for an engine."""
    from mbuild.builders.kit.control import Control
    from mbuild.builders.kit.hijack import address_of

    address = address_of(engine.host, engine.tls)
    kit = None
    client = client_settings(os.environ)
    if address is not None and engine.has_buildkit:
        kit = Kit(engine, Control(address), login=cache(_login) if client.logged_in else None)
    return Auto(engine, kit, client)


def _login(host: str) -> tuple[str, str]:
    """Return the credentials that the docker client would send to a registry (``session/auth/authprovider``)."""
    found = find(HUB if host == _HUB_REGISTRY else host) or Credentials()
    return ("", found.identity) if found.identity else (found.user, found.password)
