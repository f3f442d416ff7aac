"""Bake files in JSON, read without buildx: targets, inheritance, groups, variables with their defaults. Pure.

What only HCL's functions or a matrix could say is refused with one clear line. The answer has the shape of
``docker buildx bake --print``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mbuild.discovery.bakeoutline import GROUP, TARGET, Block, asks
from mbuild.errors import ConfigError, Where
from mbuild.references import quoted
from mbuild.values import dataclass, field

_TEMPLATE = re.compile(r"\$\$\{|%%\{|\$\{\s*([A-Za-z_]\w*)\s*\}|[$%]\{")
_MERGED = ("args", "contexts", "extra-hosts", "labels")
_JOINED = ("annotations", "attest", "entitlements")
MAX_INHERITANCE = 32
"""So many targets may inherit from one another, and so many variables may be made of one another."""
MOST_JOINED = 10_000
"""So many parts a list has that is joined of others: one that is inherited twice by each doubles each time."""
MAX_TEXT = 1_000_000
"""No text takes more of variables: those that are made of others grow."""


def blocks(text: str) -> Iterator[Block]:
    """Yield the targets and groups of a file, none where it is no JSON. Their lines are not known."""
    try:
        said = parsed(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(said, dict):
        return
    for name, body in bodies(said, TARGET):
        inherits = tuple(each for each in _each(body.get("inherits")) if isinstance(each, str))
        yield Block(TARGET, name, 0, inherits, asks(body.get("call")))
    for name, _ in bodies(said, GROUP):
        yield Block(GROUP, name)


def evaluate(texts: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what ``bake --print`` would say of every target in files that lie over each other. Raises ConfigError."""
    targets: dict[str, dict[str, Any]] = {}
    groups: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for path, raw in texts.items():
        said = _parsed(path, raw)
        for name, body in bodies(said, "target"):
            targets[name] = _over(targets.get(name, {}), body)
        groups |= dict(bodies(said, "group"))
        values |= {name: body.get("default") for name, body in bodies(said, "variable") if body}
    file = next(iter(texts))
    known: dict[str, dict[str, Any]] = {}
    variables = _Variables(values, file)
    made = {name: variables.filled(_inherited(name, targets, known, file, 0)) for name in targets}
    return {"group": groups, "target": made}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def parsed(text: str | bytes) -> Any:
    """Return what a file says. Raises ValueError, RecursionError.

    A name that is there twice has a list of what it has: to HCL that is the same (``json/structure.go`` of
    hashicorp/hcl), where Python would keep one.
    """
    return json.loads(text, object_pairs_hook=_listed)


def _listed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name] = [*_each(found[name]), *_each(value)] if name in found else value
    return found


def bodies(said: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the label and the body of each block of a kind, several where it is written in parts."""
    for labels in _each(said.get(kind)):
        for name, some in _mapping(labels).items():
            for body in _each(some) or [{}]:
                yield name, _mapping(body)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parsed(path: str, raw: bytes) -> dict[str, Any]:
    try:
        said = parsed(raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ConfigError(f"not valid JSON: {error.msg}", where=Where(path, error.lineno)) from None
    except (UnicodeDecodeError, RecursionError):
        raise ConfigError("not UTF-8, or nested too deep", where=Where(path)) from None
    if not isinstance(said, dict):
        raise ConfigError("must be a mapping", where=Where(path))
    return said


def _over(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a target with another laid over it: what is null there says nothing (buildx ``bake.go``: Target.Merge)."""
    said = _said(above)
    merged = {
        key: {**_mapping(base.get(key)), **_said(_mapping(said.get(key)))}
        for key in _MERGED
        if key in base or key in said
    }
    joined = {key: [*_each(base[key]), *_each(said[key])] for key in _JOINED if key in base and key in said}
    if grown := next((key for key, value in joined.items() if len(value) > MOST_JOINED), ""):
        raise ConfigError(f"a target inherits more than {MOST_JOINED:,} {grown}")
    inherits = [*_names(base.get("inherits")), *_names(said.get("inherits"))]
    return {**base, **said, **merged, **joined, "inherits": inherits}


def _names(inherits: Any) -> list[str]:
    return [str(each) for each in _each(inherits) if each is not None]


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


def _inherited(
    name: str, targets: Mapping[str, dict[str, Any]], known: dict[str, dict[str, Any]], file: str, depth: int
) -> dict[str, Any]:
    """Return a target with all that it inherits. known: those that have been asked for."""
    if name in known:
        return known[name]
    target = targets.get(name)
    if target is None or depth > MAX_INHERITANCE:
        why = "which is not there" if target is None else "in a circle"
        raise ConfigError(f"a target inherits from {quoted(name)}, {why}", where=Where(file))
    if "matrix" in target:
        raise ConfigError("a matrix is not read without docker buildx", "install docker-buildx", where=Where(file))
    made: dict[str, Any] = {}
    for each in _names(target.get("inherits")):
        made = _over(made, _inherited(each, targets, known, file, depth + 1))
    made = {key: value for key, value in _over(made, target).items() if key != "inherits"}
    if "contexts" in made:
        # ``Target.normalize``: one that is empty takes away what is inherited, and is not inherited itself.
        made["contexts"] = {name: value for name, value in made["contexts"].items() if value != ""}
    known[name] = made
    return made


@dataclass(frozen=True, slots=True)
class _Variables:
    """The variables of files, with their defaults as they are written, and their texts as far as they were needed."""

    values: Mapping[str, Any]
    file: str
    texts: dict[str, str] = field(default_factory=dict)

    def filled(self, value: Any, depth: int = 0) -> Any:
        """Return a value with its ``${VARIABLE}`` replaced."""
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if value is None:
            return None
        return self._text(value, depth) if isinstance(value, str) else _text(value)

    def _text(self, written: str, depth: int) -> str:
        size = 0

        def filled(match: re.Match[str]) -> str:
            nonlocal size
            name = match[1]
            if name is None and match[0] in ("$${", "%%{"):
                return match[0][1:]
            if name not in self.values or depth > MAX_INHERITANCE:
                raise self._unread(written)
            if name not in self.texts:
                self.texts[name] = self._text(_text(self.values[name]), depth + 1)
            size += len(self.texts[name])
            if size > MAX_TEXT:
                raise self._unread(written)
            return self.texts[name]

        return _TEMPLATE.sub(filled, written)

    def _unread(self, written: str) -> ConfigError:
        message = f"{quoted(written)} is not read without docker buildx"
        return ConfigError(message, "install docker-buildx", where=Where(self.file))


def _text(value: Any) -> str:
    """Return a value as HCL makes text of it: a number has no exponent and no zero at its end."""
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
