"""A target of a bake file, evaluated → the build it states. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mbuild.discovery.model import BUILD, EXTERNAL, FOLDER, Build, Other, build_key
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import beside, is_remote, joined, moved_cache
from mbuild.errors import Where
from mbuild.images import Secret
from mbuild.references import quoted
from mbuild.values import dataclass

OTHER_TARGET = "target:"
"""What a context begins with that is another target."""
UNHELD = ("entitlements", "extra-hosts", "network", "shm-size", "ulimits")
"""Settings that RUN can see, and that build.yaml has no place for."""
APART = ("annotations", "attest", "no-cache", "no-cache-filter")
"""Settings that no instruction sees: of the manifest, or of when steps are run anew."""
_SENDING = ("context", "dest", "load", "name", "push", "push-by-digest", "registry.insecure", "store", "tar", "type")
"""Attributes of an output that say where an image goes. Others say what it is like (BuildKit ``exporter``)."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target, as ``bake --print`` has it.

    folder: where bake is run. keys: of the builds of the targets that are images. mark: behind the name of its build,
    where the same target makes another one too, which is the one that is published.
    """

    notes: Notes
    folder: str
    where: Where
    name: str
    said: Mapping[str, Any]
    keys: Mapping[str, str]
    mark: str = ""

    def build(self, guesses: tuple[str, ...] = ()) -> Build | None:
        """Return the build of a target; None, noted, where it is no image or mbuild cannot know what it is made of."""
        context = context_of(self.said, self.folder)
        if (refusal := self._refusal(context)) is not None:
            self._note(*refusal)
            return None
        assert context is not None
        dockerfile = dockerfile_of(self.said, self.folder)
        if dockerfile is None:
            self._note(f"its Dockerfile {quoted(str(self.said.get('dockerfile')))} is not in this repository")
            return None
        return Build(
            source="bake",
            name=self.name + self.mark,
            where=self.where,
            dockerfile=dockerfile,
            context=context,
            target=self.said.get("target") or None,
            args=tuple(sorted((name, str(value)) for name, value in self._args().items() if value is not None)),
            contexts=tuple(self._contexts()),
            published=() if self.mark else tags_of(self.said),
            platforms=tuple(dict.fromkeys(str(each) for each in self.said.get("platforms") or () if each != "local")),
            secrets=tuple(self._secrets()),
            ssh=tuple(self._ssh()),
            labels=tuple(sorted((name, str(value or "")) for name, value in (self.said.get("labels") or {}).items())),
            cache_from=tuple(self._caches("cache-from")),
            cache_to=tuple(self._caches("cache-to")),
            unheld=(*self._unheld(UNHELD), *self._outside()),
            apart=(*self._unheld(APART), *self._output()),
            guesses=guesses,
        )

    def _unheld(self, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
        for key in keys:
            if said := self.said.get(key):
                yield key, json.dumps(said, sort_keys=True)
                self.notes.unheld(f"target {quoted(self.name)}", key, self.where)

    def _output(self) -> Iterator[tuple[str, str]]:
        said = (sorted(fields_of(each).items()) for each in self._listed("output"))
        making = [[each for each in fields if each[0] not in _SENDING] for fields in said]
        if found := [each for each in making if each]:
            yield "output", json.dumps(found)
            names = ", ".join(dict.fromkeys(name for each in found for name, _ in each))
            self.notes.unheld(f"target {quoted(self.name)}", f"{names} of its output", self.where)

    def _args(self) -> Mapping[str, Any]:
        return self.said.get("args") or {}

    def _refusal(self, context: str | None) -> tuple[str, ...] | None:
        written = _context(self.said)
        if "dockerfile-inline" in self.said:
            return "its Dockerfile is written inline", "write it to a file of its own and name that with 'dockerfile'"
        if written.startswith(OTHER_TARGET):
            return ("its context is another target",)
        if context is None:
            return (f"its context {quoted(written)} is {'remote' if is_remote(written) else 'not in this repository'}",)
        return None

    def _contexts(self) -> Iterator[tuple[str, Other]]:
        for name, value in sorted((self.said.get("contexts") or {}).items()):
            other = self._other(str(value))
            if other is not None:
                yield name, other

    def _other(self, value: str) -> Other | None:
        if value.startswith(OTHER_TARGET):
            named = value.removeprefix(OTHER_TARGET)
            return Other(BUILD, self.keys.get(named) or build_key(self.where.file, named))
        value = _local(value)
        if is_remote(value) or value.startswith(("docker-image:", "oci-layout:")):
            return Other(EXTERNAL, value)
        path = joined(self.folder, value)
        return None if path is None else Other(FOLDER, path)

    def _outside(self) -> Iterator[tuple[str, str]]:
        """Yield the named contexts that are left out, which is noted."""
        for name, value in sorted((self.said.get("contexts") or {}).items()):
            if self._other(str(value)) is None:
                yield "contexts", json.dumps([name, value])
                message = f"a context of target {quoted(self.name)} is left out"
                self.notes.remark(f"{message}: {quoted(str(value))} is not in this repository", self.where)

    def _secrets(self) -> Iterator[Secret]:
        for each in self.said.get("secret") or ():
            fields = fields_of(each)
            identity, env = fields.get("id", ""), fields.get("env", "")
            file = fields.get("src") or fields.get("source") or ""
            if fields.get("type") == "env":
                env = env or file
            if identity and not env and not file:
                env = identity
            if identity:
                yield Secret(identity, env, "" if env else beside(self.folder, file))

    def _ssh(self) -> Iterator[str]:
        for each in self._listed("ssh"):
            identity, _, written = str(each).partition("=")
            paths = written.split(",") if written else []
            if isinstance(each, Mapping):
                identity, paths = str(each.get("id", "default")), [str(path) for path in each.get("paths") or ()]
            moved = ",".join(beside(self.folder, path) for path in paths)
            yield f"{identity}={moved}" if moved else identity

    def _caches(self, key: str) -> Iterator[str]:
        for each in self._listed(key):
            if isinstance(each, Mapping):
                each = ",".join(f"{name}={value}" for name, value in sorted(each.items()))  # noqa: PLW2901
            yield moved_cache(str(each), self.folder)

    def _listed(self, key: str) -> Iterable[Any]:
        found = self.said.get(key)
        return found if isinstance(found, list) else ()

    def _note(self, message: str, *hints: str) -> None:
        self.notes.add(f"target {quoted(self.name)} is left out: {message}", self.where, *hints)


def fields_of(said: object) -> Mapping[str, Any]:
    """Return the pairs of a description, which is text or a mapping."""
    return said if isinstance(said, Mapping) else dict(part.partition("=")[::2] for part in str(said).split(","))


def context_of(target: Mapping[str, Any], folder: str) -> str | None:
    """Return the context root of a target; None where it is none of this repository. folder: where bake is run."""
    written = _context(target)
    return None if is_remote(written) else joined(folder, written)


def dockerfile_of(target: Mapping[str, Any], folder: str) -> str | None:
    """Return the Dockerfile of a target as it is written; None where it is none of this repository."""
    context, named = context_of(target, folder), str(target.get("dockerfile") or "Dockerfile")
    if context is None:
        return None
    return joined(context, named) if named == _local(named) else joined(folder, _local(named))


def tags_of(target: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names under which a target is published."""
    found = target.get("tags") or ()
    return (found,) if isinstance(found, str) else tuple(dict.fromkeys(str(each) for each in found))


def _context(target: Mapping[str, Any]) -> str:
    return _local(str(target.get("context") or "."))


def _local(path: str) -> str:
    """Return a path as it is without the mark of those beside which bake is run (``bake.go``: ``cwd://``)."""
    return path.removeprefix("cwd://")
