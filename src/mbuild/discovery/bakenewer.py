"""Bake files that were written for a newer buildx than the one that evaluates them.

buildx refuses a whole file for one argument that it does not know. What only describes a target or a variable, or says
which values a variable may have, makes no other image: that is left out, where buildx itself says that it stands.
In JSON it passes over what it does not know of a target without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mbuild.discovery.bakejson import bodies, parsed
from mbuild.discovery.bakejson import evaluate as evaluate_json
from mbuild.discovery.bakeoutline import TARGET
from mbuild.discovery.model import Bake
from mbuild.errors import ConfigError

MOST = 100
"""So many are left out, one after the other: buildx names one at a time."""

PASSED_OVER = ("entitlements", "extra-hosts", "network")
"""Settings of a target that buildx 0.13 does not know, and that make another image."""

_ARGUMENT = re.compile(r'(.+?):(\d+),\d+-\d+: Unsupported argument; An argument named "(description|type)" is not')
_BLOCK = re.compile(r'(.+?):(\d+),\d+-\d+: Unsupported block type; Blocks of type "(validation)" are not')
_PROPERTY = re.compile(
    r"(.+?):\d+,\d+-\d+: Extraneous JSON object property; "
    r'No argument or block type is named "(description|type|validation)"'
)
_BODIES = {"variable": ("description", "type", "validation"), "group": ("description",), "target": ("description",)}
_REST = rb"[ \t]*(?:(?:#|//)[^\n]*)?\r?"
_TEXT = rb'"(?:[^"\\\r\n$%]|\\.)*"'
_TYPE = rb"[a-z]+(?:\([a-z(){}\[\]=, \t\w]*\))?"


def evaluated(bake: Bake, files: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
    """Return what ``bake --print`` says of targets. Raises ConfigError, EnvironmentFault."""
    found = dict(files)
    for _ in range(MOST):
        try:
            return bake(tuple(found.items()), targets)
        except ConfigError as error:
            file, text = _without(found, error.problems[0].message)
            if text is None:
                raise
            found[file] = text
    return bake(tuple(found.items()), targets)


def with_passed_over(answer: dict[str, Any], texts: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what ``bake --print`` says with the settings of targets in JSON that it may have passed over."""
    said = {path: text for path, text in texts.items() if path.endswith(".json") and _may_set(text)}
    if not said:
        return answer
    try:
        targets = evaluate_json(said)["target"]
    except ConfigError:  # Nobody but buildx knows which target has them.
        found = [body for text in said.values() for body in _targets(text)]
        every = {key: values for key in PASSED_OVER if (values := [each[key] for each in found if key in each])}
        targets = dict.fromkeys(answer.get("target", {}), every)
    made = {
        name: {key: value for key, value in targets.get(name, {}).items() if key in PASSED_OVER} | each
        for name, each in answer.get("target", {}).items()
    }
    return {**answer, "target": made}


def _may_set(text: bytes) -> bool:
    return any(b'"%s"' % key.encode() in text for key in PASSED_OVER)


def _targets(text: bytes) -> list[dict[str, Any]]:
    try:
        return [body for _, body in bodies(parsed(text), TARGET)]
    except (ValueError, RecursionError, AttributeError):
        return []


def _without(files: dict[str, bytes], message: str) -> tuple[str, bytes | None]:
    """Return the file that an error is about, and its text without what the error names; None: that has to stay."""
    if (written := _PROPERTY.match(message)) and written[1] in files:
        return written[1], _without_property(written[2], files[written[1]])
    argument, block = _ARGUMENT.match(message), _BLOCK.match(message)
    said = argument or block
    if said is None or said[1] not in files or not said[1].endswith(".hcl"):
        return "", None
    lines = files[said[1]].splitlines(keepends=True)
    before, rest = b"".join(lines[: int(said[2]) - 1]), b"".join(lines[int(said[2]) - 1 :])
    name = said[3].encode()
    end = _end_of_argument(name, rest) if argument else _end_of_block(name, rest)
    return said[1], None if end is None else before + b"\n" * rest.count(b"\n", 0, end) + rest[end:]


def _without_property(name: str, text: bytes) -> bytes | None:
    """Return a file in JSON without a property of any variable, group or target; None where none has it."""
    try:
        said = parsed(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    having = [
        body for kind, names in _BODIES.items() if name in names for _, body in bodies(said, kind) if name in body
    ]
    for each in having:
        del each[name]
    return json.dumps(said).encode() if having else None


def _end_of_argument(name: bytes, text: bytes) -> int | None:
    """Return where an argument ends that has its line for itself: a text without expressions, or a type."""
    value = _TEXT if name == b"description" else _TYPE
    found = re.match(rb"[ \t]*" + name + rb"[ \t]*=[ \t]*" + value + _REST + rb"(?=\n|\Z)", text)
    return None if found is None else found.end()


def _end_of_block(name: bytes, text: bytes) -> int | None:
    """Return where a block ends: at the brace that closes it. Braces in texts and comments do not count."""
    begun = re.match(rb"[ \t]*" + name + rb"[ \t]*\{", text)
    if begun is None:
        return None
    depth = 1
    for each in re.finditer(rb'"(?:[^"\\\n]|\\.)*"|#[^\n]*|//[^\n]*|[{}]', text[begun.end() :]):
        depth += {b"{": 1, b"}": -1}.get(each[0], 0)
        if depth == 0:
            end = begun.end() + each.end()
            rest = re.match(_REST + rb"(?=\n|\Z)", text[end:])
            return None if rest is None else end + rest.end()
    return None
