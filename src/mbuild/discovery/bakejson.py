"""Bake files in JSON, read without buildx: targets, inheritance, groups, variables with their defaults. Pure.

What only HCL's functions or a matrix could say is refused with one clear line. The answer has the shape of
``docker buildx bake --print``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mbuild.discovery.bakeoutline import GROUP, TARGET, Block, asks
from mbuild.errors import ConfigError, Where
from mbuild.references import quoted

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z_]\w*)\s*\}")
_MERGED = ("args", "contexts", "labels")
MAX_INHERITANCE = 32


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
    made = {name: _filled(_inherited(name, targets, file, 0), values, file) for name in targets}
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
    merged = {
        key: {**_mapping(base.get(key)), **_mapping(above.get(key))} for key in _MERGED if key in base or key in above
    }
    return {**base, **above, **merged}


def _inherited(name: str, targets: Mapping[str, dict[str, Any]], file: str, depth: int) -> dict[str, Any]:
    target = targets.get(name)
    if target is None or depth > MAX_INHERITANCE:
        why = "which is not there" if target is None else "in a circle"
        raise ConfigError(f"a target inherits from {quoted(name)}, {why}", where=Where(file))
    if "matrix" in target:
        raise ConfigError("a matrix is not read without docker buildx", "install docker-buildx", where=Where(file))
    inherits = target.get("inherits") or []
    made: dict[str, Any] = {}
    for each in [inherits] if isinstance(inherits, str) else inherits:
        made = _over(made, _inherited(str(each), targets, file, depth + 1))
    return {key: value for key, value in _over(made, target).items() if key != "inherits"}


def _filled(value: Any, values: Mapping[str, Any], file: str) -> Any:
    """Return a value with its ``${VARIABLE}`` replaced."""
    if isinstance(value, dict):
        return {key: _filled(each, values, file) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values, file) for each in value]
    if not isinstance(value, str) or not ("${" in value or "%{" in value):
        return value
    filled = _VARIABLE.sub(lambda each: _text(values[each[1]]) if each[1] in values else each[0], value)
    if "${" in filled or "%{" in value:
        raise ConfigError(
            f"{quoted(value)} is not read without docker buildx", "install docker-buildx", where=Where(file)
        )
    return filled


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
