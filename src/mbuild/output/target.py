"""What a build of an image is told, as a value for formats that describe builds to other tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.images import Secret, Ssh


@dataclass(frozen=True, slots=True)
class Target:
    """One image that will be built. Paths are from the git root, "" being the root itself.

    contexts: named contexts that are folders, by name. external: those that are references, as written.
    parents:  name under which BuildKit looks a parent up → that image's name. after: images that must be there first
              although nothing names them.
    known:    for each parent that this plan does not build, the reference of its build.
    """

    name: str
    dockerfile: str
    context_root: str
    stage: str | None
    args: Mapping[str, str]
    contexts: Mapping[str, str]
    external: Mapping[str, str]
    parents: Mapping[str, str]
    after: tuple[str, ...]
    known: Mapping[str, str]
    labels: Mapping[str, str]
    secrets: tuple[Secret, ...]
    ssh: tuple[Ssh, ...]
    cache_from: tuple[str, ...]
    cache_to: tuple[str, ...]
    platforms: tuple[str, ...]
    tags: tuple[str, ...]
