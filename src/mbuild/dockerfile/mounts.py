"""`RUN --mount=…`: its fields, and what BuildKit refuses in them.

Rules: BuildKit `frontend/dockerfile/instructions/commands_runmount.go`. A mount is looked at twice, as BuildKit does:
when the file is read (only `from` counts, and it cannot hold a variable) and, with variables expanded, when its stage
is reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mbuild.dockerfile.gotext import FALSE, TRUE, number
from mbuild.dockerfile.refused import Refused, near
from mbuild.values import dataclass

BIND, CACHE, TMPFS, SECRET, SSH = TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")

FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(,|$)')
"""A field of a mount: what is between its quotes, or it as it is, and the comma behind it."""

_SIZE = re.compile(r"[0-9]*\.?[0-9]+ ?(?:[kKmMgGtTpP]?[iI]?[bB]?)")
_NAMES = {"src": "source", "dst": "target", "destination": "target", "readonly": "ro", "readwrite": "rw"}
_KEYS = (
    *("type", "from", "source", "src", "target", "dst", "destination", "ro", "readonly", "rw", "readwrite"),
    *("required", "size", "id", "sharing", "mode", "uid", "gid", "env"),
)
_ALLOWED_FOR = {
    "required": (SECRET, SSH),
    "size": (TMPFS,),
    "mode": (SECRET, SSH, CACHE),
    "uid": (SECRET, SSH, CACHE),
    "gid": (SECRET, SSH, CACHE),
    "sharing": (CACHE,),
}
_ORDERED = ("required", "size")

# Expands a word and says whether that needed a variable whose value is not known.
Expand = Callable[[str], tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount after expansion.

    source:  "" is the whole of what is mounted.
    fields:  key and value in the order written, keys by their first name, `type` only when it is not `bind`.
    unknown: keys whose value needs a variable that is not known, so that the value here is a guess.
    """

    type: str
    origin: str
    source: str
    target: str
    fields: tuple[tuple[str, str], ...]
    unknown: frozenset[str] = frozenset()

    def text(self, origin: str) -> str:
        """Return the mount in its one canonical spelling, with `origin` in place of a `from`."""
        fields = (f"{key}={origin if key == 'from' else value}" for key, value in self.fields)
        return ",".join(_quoted(field) for field in fields)


def split_fields(text: str) -> list[str]:
    """Split one line of comma-separated values with `"…"` quoting. Raises Refused for a stray quote."""
    if not text:
        raise Refused("a mount is empty")
    if '"' not in text:
        return text.split(",")
    found: list[str] = []
    position = 0
    while True:
        match = FIELD.match(text, position)
        if match is None:
            raise Refused(f'a mount has a stray ": {text}')
        quoted, plain, end = match.groups()
        found.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end()
        if not end:
            return found


def origin_of(text: str) -> str:
    """Return the `from` of a mount as it is read before any expansion, "" when there is none."""
    origin = ""
    for field in split_fields(text):
        key, equals, value = field.partition("=")
        if equals and key.lower() == "from":
            if "$" in value[:-1]:
                raise Refused("a mount's 'from' cannot hold a variable", "name a stage: FROM $VARIABLE AS name")
            origin = value
    return origin


def parse_mount(text: str, expand: Expand) -> Mount:
    """Return a mount with its variables expanded. Raises Refused where BuildKit does."""
    values: dict[str, str] = {"type": BIND}
    unknown: set[str] = set()
    for field in split_fields(text):
        key, value, guessed = _field(field, expand)
        if guessed:
            unknown.add(key)
        elif key in _CHECKS:
            _CHECKS[key](key, value)
        if key in _ORDERED and "type" not in unknown:
            _check_allowed(key, values["type"])
        values[key] = value.lower() if key in ("type", "sharing") else value
    if "type" not in unknown:
        _check_whole(values)
    fields = tuple(sorted((key, value) for key, value in values.items() if (key, value) != ("type", BIND)))
    return Mount(
        values["type"],
        values.get("from", ""),
        values.get("source", ""),
        values.get("target", ""),
        fields,
        frozenset(unknown),
    )


def _field(field: str, expand: Expand) -> tuple[str, str, bool]:
    """Return the key, the expanded value, and whether that value is a guess."""
    written, equals, value = field.partition("=")
    key = _NAMES.get(written.lower(), written.lower())
    if not equals:
        if key not in ("ro", "rw", "required"):
            raise Refused(f"mount field '{field}' is not KEY=VALUE")
        return _read_write(key, "true")
    if written.lower() not in _KEYS:
        raise Refused(f"unknown mount key '{written.lower()}'", *near(written, _KEYS))
    value, guessed = expand(value)
    if key in ("ro", "rw") and not guessed:
        _check_boolean(key, value)
        return _read_write(key, value)
    return key, value, guessed


def _read_write(key: str, value: str) -> tuple[str, str, bool]:
    """Return `rw` and `ro` as the one key `ro`."""
    if key == "required":
        return key, value, False
    return "ro", "true" if (value in TRUE) == (key == "ro") else "false", False


def _check_type(_: str, value: str) -> None:
    if value.lower() not in TYPES:
        raise Refused(f"unknown mount type '{value}'", *near(value, TYPES))


def _check_sharing(_: str, value: str) -> None:
    if value.lower() not in ("shared", "private", "locked"):
        raise Refused(f"unknown cache sharing '{value}'", "it is shared, private or locked")


def _check_boolean(key: str, value: str) -> None:
    if value not in (*TRUE, *FALSE):
        raise Refused(f"mount key '{key}' is true or false, not '{value}'")


def _check_number(key: str, value: str) -> None:
    base = 8 if key == "mode" else 10
    digits = "01234567" if base == 8 else "0123456789"
    if not value or value.strip(digits) or (int(value, 8) if base == 8 else number(value)) >= 1 << 32:
        raise Refused(f"mount key '{key}' is a number, not '{value}'")


def _check_size(key: str, value: str) -> None:
    if not _SIZE.fullmatch(value):
        raise Refused(f"mount key '{key}' is a size such as 64m, not '{value}'")


_CHECKS: dict[str, Callable[[str, str], None]] = {
    "type": _check_type,
    "sharing": _check_sharing,
    "required": _check_boolean,
    "size": _check_size,
    "mode": _check_number,
    "uid": _check_number,
    "gid": _check_number,
}


def _check_allowed(key: str, kind: str) -> None:
    if kind not in _ALLOWED_FOR[key]:
        raise Refused(f"a {kind} mount has no '{key}'")


def _check_whole(values: dict[str, str]) -> None:
    for key in _ALLOWED_FOR:
        if key in values and key not in _ORDERED:
            _check_allowed(key, values["type"])
    if values["type"] == SECRET:
        _check_secret(values)
    if values["type"] == SSH and values.get("source"):
        raise Refused("an ssh mount has no 'source'")


def _check_secret(values: dict[str, str]) -> None:
    if values.get("from"):
        raise Refused("a secret mount has no 'from'")
    if not any(values.get(key) for key in ("source", "target", "id")):
        raise Refused("a secret mount needs an id, a source or a target")
    if values.get("source") and values.get("id"):
        raise Refused("a secret mount has an id or a source, not both")


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if '"' in field or "," in field else field
