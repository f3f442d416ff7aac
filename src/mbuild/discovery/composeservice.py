"""From the YAML of one service to a ``Service``: short forms, variables, paths. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mbuild.discovery import composebake
from mbuild.discovery.composemodel import OVERRIDE, RESET, Part, Service, Spec
from mbuild.discovery.goscalar import scalar_text
from mbuild.discovery.interpolate import InterpolationError, expand
from mbuild.discovery.notes import Notes
from mbuild.discovery.paths import beside, is_remote, joined, moved_cache
from mbuild.discovery.yamlfile import Node
from mbuild.errors import Remark, Where
from mbuild.images import Secret
from mbuild.references import quoted
from mbuild.values import dataclass, field

_LISTS = ("platforms", "tags", "secrets", "ssh", "cache_from", "cache_to")
_MAPPINGS = ("args", "additional_contexts", "labels")
UNHELD = ("entitlements", "extra_hosts", "isolation", "network", "privileged", "shm_size", "ulimits")
"""Settings that RUN can see, and that build.yaml has no place for."""
APART = ("no_cache", "no_cache_filter", "provenance", "sbom")
"""Settings that no instruction sees: of the manifest, or of when steps are run anew."""
UNSET = "args without a value"
"""A part of our own: the arguments by name, None where variables that they are made of have no value."""
_TEXTS = ("context", "dockerfile", "dockerfile_inline", "target")
PROJECT = "COMPOSE_PROJECT_NAME"
UNNAMED = "bake"
"""Stands for the name of a project that has that of the clone's folder, so that the answer is the same in every clone.

It is what buildx calls such a project (``bake/compose.go``).
"""
OUTSIDE = "\0outside:"
"""Marks a path that leads out of the repository; what follows is the path as written."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One compose file: its path, the folder its paths are relative to, the variables that hold, its secrets."""

    file: str
    folder: str
    values: Mapping[str, str]
    notes: Notes
    secrets: Mapping[str, Node] = field(default_factory=dict)

    def where(self, node: Node) -> Where:
        """Return a place in the file."""
        return Where(self.file, node.line)

    def text(self, node: Node, *, quiet: bool = False) -> str | None:
        """Return a scalar with its variables replaced; None for null or what is no scalar."""
        if node.text is None or "$" not in node.text:
            return scalar_text(node)

        def unset(name: str) -> None:
            if not quiet:
                hint = (
                    "give it a default, as in ${X:-default}, or a value in .env: the caller's environment never counts"
                )
                message = f"${{{name}}} has no value here and counts as empty"
                self.notes.once((self.file, name), Remark(message, self.where(node), (hint,)))

        if PROJECT in node.text and self.values.get(PROJECT) == UNNAMED:
            message = f"the project has the name of the clone's folder, for which {quoted(UNNAMED)} stands here"
            hint = "give it one: name at the top of the file"
            self.notes.once((self.file, PROJECT), Remark(message, self.where(node), (hint,)))
        return expand(node.text, self.values, unset)

    def lacks(self, node: Node) -> bool:
        """Tell whether a scalar has a variable without a value."""
        missing: list[str] = []
        expand(node.text or "", self.values, missing.append)
        return bool(missing)

    def path(self, written: str) -> str:
        """Return a folder from the git root; remote ones as written, those outside marked as such."""
        if is_remote(written):
            return written
        found = joined(self.folder, written or ".")
        return OUTSIDE + written if found is None else found


def service(name: str, node: Node, scope: Scope) -> Service:
    """Return what a service says about its image and build; what cannot be read is noted."""
    where = scope.where(node)
    image: str | None = None
    spec: Spec | None = None
    try:
        image = scope.text(node.get("image"), quiet=True)
    except InterpolationError as error:
        scope.notes.add(f"service {quoted(name)}: {error}", where)
    build = node.fields.get("build")
    if build is not None and (not build.is_null or build.tag == RESET):
        spec = _spec(name, build, scope)
    return Service(name, where, scope.folder, image, spec, node.get("image").tag)


def _spec(name: str, build: Node, scope: Scope) -> Spec:
    try:
        if isinstance(build.value, str):
            return Spec({"context": Part(scope.path(scope.text(build) or ""))}, build.tag)
        return Spec(dict(_parts(build, scope)), build.tag)
    except (InterpolationError, _UnreadableError) as error:
        scope.notes.add(f"service {quoted(name)} cannot be read: {error}", scope.where(build))
        return Spec(broken=scope.file)


class _UnreadableError(ValueError):
    """A value of the wrong kind."""


def _parts(build: Node, scope: Scope) -> Iterator[tuple[str, Part]]:
    for key, node in build.fields.items():
        if key == composebake.KEY:
            yield from composebake.parts(node, scope)
            continue
        if node.tag == RESET:
            yield from ((each, Part("", RESET)) for each in ((key, UNSET) if key == "args" else (key,)))
            continue
        tag = OVERRIDE if node.tag == OVERRIDE else ""
        if key in _TEXTS and not node.is_null:
            yield key, Part(_text(key, node, scope), tag)
        elif key in _MAPPINGS:
            yield key, Part(_mapping(key, node, scope), tag)
            if key == "args":
                yield UNSET, Part(dict(_unset(node, scope)), tag)
        elif key == "ssh" and node.fields:
            yield (
                key,
                Part(tuple(_agent(name, scope.text(each) or "", scope) for name, each in node.fields.items()), tag),
            )
        elif key in _LISTS and node.items:
            yield key, Part(tuple(_item(key, each, scope) for each in node.items), tag)
        elif key in (*UNHELD, *APART) and not node.is_null:
            yield key, Part(_written(node, scope), tag)


def _written(node: Node, scope: Scope) -> str | dict[str, str | None] | tuple[object, ...]:
    if node.items:
        return tuple(scope.text(each) or "" for each in node.items)
    if node.fields:
        return {key: _limits(each, scope) for key, each in node.fields.items()}
    return scope.text(node) or ""


def _limits(node: Node, scope: Scope) -> str:
    """Return one of ``ulimits``, which may have two numbers, or any other value of a setting."""
    if node.fields:
        return ":".join(scope.text(node.get(each)) or "" for each in ("soft", "hard"))
    return scope.text(node) or ""


def _text(key: str, node: Node, scope: Scope) -> str:
    text = scope.text(node)
    if text is None:
        raise _UnreadableError(f"'build.{key}' must be text")
    return scope.path(text) if key == "context" else text


def _mapping(key: str, node: Node, scope: Scope) -> dict[str, str | None]:
    """Return a mapping, also from a list of ``NAME=VALUE``; a name alone has the value of the variable of that name."""
    found: dict[str, str | None] = {}
    for item in node.items:
        text = scope.text(item)
        if text is None:
            raise _UnreadableError(f"'build.{key}' must hold text")
        name, given, value = text.partition("=")
        found[name] = value if given else "" if key == "labels" else scope.values.get(name)
        _report_missing(key, name, found[name], item, scope)
    for name, value_node in node.fields.items():
        if not isinstance(value_node.value, str):
            raise _UnreadableError(f"'build.{key}.{name}' must be text")
        absent = "" if key == "labels" else scope.values.get(name)
        found[name] = absent if value_node.is_null else scope.text(value_node)
        _report_missing(key, name, found[name], value_node, scope)
    if key == "additional_contexts":
        return {name: None if value is None else _context(value, scope) for name, value in found.items()}
    return found


def _unset(node: Node, scope: Scope) -> Iterator[tuple[str, str | None]]:
    """Yield the arguments, None for those that have no value here, or not all of it."""
    for item in node.items:
        name, given, _ = (scope.text(item, quiet=True) or "").partition("=")
        yield name, None if (scope.lacks(item) if given else name not in scope.values) else ""
    for name, each in node.fields.items():
        yield name, None if (name not in scope.values if each.is_null else scope.lacks(each)) else ""


def _report_missing(key: str, name: str, value: str | None, node: Node, scope: Scope) -> None:
    if value is None:
        what = "the argument" if key == "args" else "the context"
        message = f"{what} {quoted(name)} takes its value from the caller's environment, so it is left out"
        scope.notes.remark(message, scope.where(node))


def _context(value: str, scope: Scope) -> str:
    """Return a named context; a folder is written from the git root with ``folder:`` in front."""
    if value.startswith(("docker-image:", "service:", "target:", "oci-layout:")) or is_remote(value):
        return value
    return f"folder:{scope.path(value)}"


def _item(key: str, node: Node, scope: Scope) -> object:
    if key == "secrets":
        return _secret(node, scope)
    text = scope.text(node, quiet=key == "tags")
    if text is None:
        raise _UnreadableError(f"'build.{key}' must hold text")
    if key == "ssh":
        identity, _, paths = text.partition("=")
        return _agent(identity, paths, scope)
    return moved_cache(text, scope.folder) if key in ("cache_from", "cache_to") else text


def _agent(identity: str, paths: str, scope: Scope) -> str:
    moved = ",".join(beside(scope.folder, each) for each in paths.split(","))
    return f"{identity}={moved}" if paths else identity


def _secret(node: Node, scope: Scope) -> Secret:
    """Return a build secret; its source stands below the top-level ``secrets``."""
    source = (scope.text(node) if isinstance(node.value, str) else scope.text(node.get("source"))) or ""
    defined = scope.secrets.get(source, Node(node.line, {}))
    identity = scope.text(node.get("target")) or source
    env = scope.text(defined.get("environment")) or ""
    file = scope.text(defined.get("file")) or ""
    return Secret(identity, env, "" if env else file and beside(scope.folder, file))
