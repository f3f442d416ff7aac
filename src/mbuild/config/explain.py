"""From pydantic's errors to problems with a place and words that fit build.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mbuild.config.findings import Findings, near
from mbuild.config.nodes import Fields, Items, Key, Node, Scalar, closest, kind, step
from mbuild.references import printable

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_KEY_MARK = "[key]"
_WANTED = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def explain(error: ValidationError, root: Node, findings: Findings) -> None:
    """Add a problem to the findings for each of pydantic's errors; one is enough for a file of another program."""
    errors = error.errors(include_url=False)
    if isinstance(root, Fields) and _are_of_another_program(root.fields, errors):
        message = "none of these keys is mbuild's: the file seems to be another program's"
        own = "mbuild init --dry-run > mbuild.yaml writes its own, and --config mbuild.yaml uses it"
        findings.add(message, findings.where(root.line, root.col), own, f"mbuild's are {', '.join(sorted(_known(())))}")
        return
    for each in errors:
        _explain(each, root, findings)


def _are_of_another_program(keys: Collection[str], errors: Iterable[ErrorDetails]) -> bool:
    """Return whether no key is known, and they are not just misspelled."""
    unknown = {each["loc"][0] for each in errors if each["type"] == "extra_forbidden" and len(each["loc"]) == 1}
    known = sorted(_known(()))
    return len(keys) > 1 and unknown >= set(keys) and not all(near(each, known) for each in keys)


def _explain(error: ErrorDetails, root: Node, findings: Findings) -> None:
    path, about_key = _path(error, root)
    path = _as_written(path, root)
    key, value = closest(root, path)
    place = key if about_key and key else value
    message, hints = _words(error, path, value)
    findings.add(message, findings.where(place.line, place.col), *hints)


def _path(error: ErrorDetails, root: Node) -> tuple[tuple[Key, ...], bool]:
    """Return the path of an error in build.yaml, and whether it is about the key instead of the value."""
    loc: tuple[Key, ...] = error["loc"]
    # A key may be called like the mark; a mapping is no key that is wrong.
    if loc and loc[-1] == _KEY_MARK and step(closest(root, loc[:-1])[1], _KEY_MARK) is None:
        return loc[:-1], True
    return loc, error["type"] == "extra_forbidden"


def _as_written(path: tuple[Key, ...], root: Node) -> tuple[Key, ...]:
    """Return a path without what a list stands for: a test that is a list is its command."""
    if path[2:4] == ("test", "command") and isinstance(closest(root, path[:3])[1], Items):
        return (*path[:3], *path[4:])
    return path


def _words(error: ErrorDetails, path: Sequence[Key], value: Node) -> tuple[str, tuple[str, ...]]:
    name, what = dotted(path), error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    if what == "extra_forbidden":
        known = sorted(_known(path[:-1]))
        return f"unknown key '{name}'", near(str(path[-1]), known) or (f"known are {', '.join(known)}",)
    if what == "missing":
        return f"{dotted(path[:-1])}: the key '{path[-1]}' is missing", ()
    if what == "name":
        return f"{name}: {context['message']}" if name else str(context["message"]), tuple(context["hints"])
    return _wrong_kind(what, name, value)


def _wrong_kind(what: str, name: str, value: Node) -> tuple[str, tuple[str, ...]]:
    wanted = _WANTED[what]
    hints: tuple[str, ...] = ()
    if wanted == "a list" and isinstance(value, Scalar):
        hints = (f"write [{value.text}]",) if len(value.text) < 40 and value.text.isprintable() else ()
    elif ".args." in name and isinstance(value, Scalar):
        hints = ('write "" for empty text',)
    return f"{name}: must be {wanted}, not {kind(value)}" if name else f"must be {wanted}, not {kind(value)}", hints


def _known(path: Sequence[Key]) -> list[str]:
    """Return the keys that the mapping at a path may have."""
    from mbuild.config import models

    path = tuple(path)
    below: type[BaseModel] = models.Config
    if path[:1] == ("images",):
        inner = {
            "secrets": models.SecretEntry,
            "test": models.FileEntry if path[3:4] == ("files",) else models.ImageTestEntry,
        }
        below = inner.get(str(path[2]), models.ImageEntry) if len(path) > 2 else models.ImageEntry
    elif path[:1] == ("defaults",):
        below = models.Defaults
    return list(below.model_fields)


def dotted(path: Sequence[Key]) -> str:
    """Return a path as messages show it: ``images.api.tags[0]``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{printable(key)}" for key in path)
    return text.removeprefix(".")
