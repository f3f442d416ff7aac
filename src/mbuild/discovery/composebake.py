"""``x-bake`` of a compose service: what ``docker buildx bake`` takes of it, and compose passes over. Pure.

Rules: buildx ``bake/compose.go`` (composeExtTarget). What is written there is written as in a bake file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.discovery.baketarget import OTHER_TARGET, Target
from mbuild.discovery.composemodel import OVERRIDE, RESET, Part, Service, Spec
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import BUILD, Build, build_key
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import parent
from mbuild.references import context_key
from mbuild.values import dataclass, replace

if TYPE_CHECKING:
    from mbuild.discovery.composeservice import Scope
    from mbuild.discovery.yamlfile import Node

KEY = "x-bake"
_CONTEXTS = "contexts"
_LISTS = ("cache-from", "cache-to", "no-cache", "no-cache-filter", "output", "platforms", "secret", "ssh", "tags")
COMPOSE = " (compose)"
"""Behind the name of a service as compose builds it: no service is called so."""


def parts(node: Node, scope: Scope) -> Iterator[tuple[str, Part]]:
    """Yield what ``x-bake`` says that makes another image or is handed on, each by itself, so that files merge it."""
    if node.tag in (RESET, OVERRIDE):
        yield from ((f"{KEY}.{each}", Part("", RESET)) for each in (_CONTEXTS, *_LISTS))
    if node.tag == RESET:
        return
    for key, value in node.fields.items():
        tag = value.tag or node.tag
        if tag == RESET:
            yield f"{KEY}.{key}", Part("", RESET)
        elif key == _CONTEXTS:
            said = {name: scope.text(each) for name, each in value.fields.items()}
            yield f"{KEY}.{key}", Part({name: _target(text) for name, text in said.items() if text}, tag)
        elif key in _LISTS:
            texts = tuple(text for each in value.items or (value,) if (text := scope.text(each)))
            yield f"{KEY}.{key}", Part(texts, tag)


def _target(context: str) -> str:
    """Return a context as a target is called, though it is written as a service is (``sanitizeTargetName``)."""
    kind, _, name = context.partition(":")
    return OTHER_TARGET + _sanitized(name) if kind in ("service", "target") else context


def _sanitized(name: str) -> str:
    return name.replace(".", "_")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What bake reads with a service: where it is run, the services of the project, targets of bake files."""

    folder: str
    services: Mapping[str, Service]
    targets: Sequence[Build]

    def keys(self, contexts: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the names of the targets among contexts, each with the key of the build that is meant."""
        for name in (each.removeprefix(OTHER_TARGET) for each in contexts if each.startswith(OTHER_TARGET)):
            alike = (each for each in self.services.values() if _sanitized(each.name) == name)
            found = self.services.get(name) or next(alike, None)
            if found is not None:
                yield name, build_key(found.where.file, found.name, found.read_as)
            else:
                beside = (each for each in self.targets if parent(each.where.file) == self.folder)
                yield from ((name, each.key) for each in beside if each.name == name)


def ways(build: Build, spec: Spec, around: Surroundings, notes: Notes) -> Iterator[Build]:
    """Yield the build of a service as bake makes it, and as compose does where it has less named contexts."""
    said = {key.removeprefix(f"{KEY}."): each.value for key, each in spec.parts.items() if key.startswith(f"{KEY}.")}
    if not said:
        yield build
        return
    listed = {key: list(value) if isinstance(value, tuple) else value for key, value in said.items()}
    named = said.get(_CONTEXTS, {})
    keys = dict(around.keys(map(str, named.values()))) if isinstance(named, Mapping) else {}
    more = Target(notes, around.folder, build.where, build.name, listed, keys).build()
    assert more is not None, "a context and a Dockerfile are not taken from there"
    there = {context_key(name) for name, _ in build.contexts}
    contexts = tuple(each for each in more.contexts if context_key(each[0]) not in there)
    yield replace(
        build,
        contexts=tuple(sorted((*build.contexts, *contexts), key=lambda each: each[0])),
        published=tuple(dict.fromkeys((*build.published, *more.published))),
        platforms=tuple(dict.fromkeys((*build.platforms, *more.platforms))),
        secrets=tuple({each.id: each for each in (*build.secrets, *more.secrets)}.values()),
        ssh=tuple(dict.fromkeys((*build.ssh, *more.ssh))),
        cache_from=tuple(dict.fromkeys((*build.cache_from, *more.cache_from))),
        cache_to=tuple(dict.fromkeys((*build.cache_to, *more.cache_to))),
        unheld=(*build.unheld, *more.unheld),
        apart=tuple(dict.fromkeys((*build.apart, *more.apart))),
    )
    if contexts:
        yield replace(build, name=build.name + COMPOSE, published=())


def without_doubles(looker: Looker, builds: Sequence[Build]) -> Iterator[Build]:
    """Yield builds without those of compose that compose could not make."""
    by_key = {build.key: build for build in builds}
    for build in builds:
        baked = by_key.get(build.key.removesuffix(COMPOSE)) if build.key.endswith(COMPOSE) else None
        if baked is None or not _is_for_bake(looker, build, baked):
            yield build


def _is_for_bake(looker: Looker, plain: Build, baked: Build) -> bool:
    """Tell whether compose cannot build a service: a context of ``x-bake`` is an image from elsewhere to it.

    Such names are made up, unless they have a namespace and no image of this repository stands for them.
    """
    seen = looker.look(plain.dockerfile, plain.target, plain.args)
    named = {context_key(name) for name, _ in seen.references}
    there = {name for name, _ in plain.contexts}
    given = ((name, other) for name, other in baked.contexts if name not in there)
    return any(context_key(name) in named and ("/" not in name or other.kind == BUILD) for name, other in given)
