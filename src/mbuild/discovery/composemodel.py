"""The services of compose files as far as builds go, and how one is laid over another. Pure.

Rules: the compose specification (merge), compose-go's ``override`` package: mappings are merged, lists are joined,
``!reset`` takes away what came before and ``!override`` replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.errors import Where
from mbuild.values import dataclass, field, replace

RESET, OVERRIDE = "!reset", "!override"


@dataclass(frozen=True, slots=True)
class Part:
    """One key of a build: text, a mapping or a list; ``tag`` is RESET, OVERRIDE or ""."""

    value: str | Mapping[str, str | None] | tuple[object, ...]
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """``build`` of a service, interpolated, its context and folders being paths as ``Place`` resolves them.

    tag: of ``build`` itself. broken: the file in which it could not be read, which has been noted there; or "".
    """

    parts: Mapping[str, Part] = field(default_factory=dict)
    tag: str = ""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service: where it stands, its image and its build, None where it has none.

    folder: of the project. project: its name, "" where it depends on the clone.
    read_as: the folder whose default set it is of, or the file that was read for itself.
    """

    name: str
    where: Where
    folder: str = ""
    image: str | None = None
    build: Spec | None = None
    image_tag: str = ""
    read_as: str = ""
    project: str = ""


def over(base: Service, above: Service) -> Service:
    """Return a service with another laid over it. The tags of the upper one stay: they act on all that lies below."""
    image = above.image if above.image is not None or above.image_tag == RESET else base.image
    where = base.where if base.build is not None else above.where
    return replace(above, where=where, image=image, build=_over_spec(base.build, above.build))


def _over_spec(base: Spec | None, above: Spec | None) -> Spec | None:
    if above is None or base is None:
        return above or base
    if above.tag or base.tag == RESET:
        return above
    parts = {key: each for key, each in base.parts.items() if each.tag != RESET}
    parts |= {key: _over_part(parts.get(key), each) for key, each in above.parts.items()}
    return Spec(parts, broken=base.broken or above.broken)


def _over_part(base: Part | None, above: Part) -> Part:
    if base is None or above.tag:
        return above
    if isinstance(base.value, Mapping) and isinstance(above.value, Mapping):
        return Part({**base.value, **above.value})
    if isinstance(base.value, tuple) and isinstance(above.value, tuple):
        return Part(tuple(dict.fromkeys((*base.value, *above.value))))
    return above


def settled(service: Service) -> Service:
    """Return a service that nothing lies under: tags have nothing to act on."""
    spec = service.build
    if spec is None or spec.tag == RESET:
        return replace(service, build=None)
    parts = {key: replace(part, tag="") for key, part in spec.parts.items() if part.tag != RESET}
    return replace(service, build=Spec(parts, "", spec.broken))
