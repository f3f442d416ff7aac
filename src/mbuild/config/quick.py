"""Tells of a plain build.yaml that it is valid, without the models: most files hold nothing but common keys.

Whatever else there is, and whatever is wrong, is for ``models``. Names are checked by what the models check them by,
and tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mbuild import names, passed, platforms, references
from mbuild.config.nodes import Plain
from mbuild.config.written import Config, Defaults, ImageEntry
from mbuild.references import NameProblem

Check = Callable[[Any], Any]


class _NotPlain(Exception):  # noqa: N818 - a signal: the models are to say
    pass


def quick(document: Plain) -> Config | None:
    """Return what a build.yaml says where that is plain and valid, else None."""
    try:
        return Config(**_fields(document, _CONFIG))
    except (_NotPlain, NameProblem):
        return None


def _fields(value: Plain, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return the values of a mapping's keys, as their checks return them; a key without a value is as none."""
    if not isinstance(value, dict) or not value.keys() <= checks.keys():
        raise _NotPlain
    return {key: None if each is None else checks[key](each) for key, each in value.items()}


def _text(value: Plain) -> str:
    if not isinstance(value, str):
        raise _NotPlain
    return value


def _line(value: Plain) -> str:
    if not isinstance(value, str) or not value:
        raise _NotPlain
    return value


def _named(check: Callable[[str], str]) -> Check:
    return lambda value: check(_text(value))


def _list(check: Check) -> Check:
    def checked(value: Plain) -> list[Any]:
        if not isinstance(value, list):
            raise _NotPlain
        return [check(each) for each in value]

    return checked


def _mapping(key_check: Check, check: Check) -> Check:
    def checked(value: Plain) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _NotPlain
        return {key_check(key): check(each) for key, each in value.items()}

    return checked


def _version(value: Plain) -> str:
    if value != "1":
        raise _NotPlain
    return value


def _context_name(value: Plain) -> str:
    references.parse_reference(_text(value))
    return _text(value)


def _image(value: Plain) -> ImageEntry | None:
    return None if value is None else ImageEntry(**_fields(value, _IMAGE))


_SHARED: dict[str, Check] = {
    "args": _mapping(names.arg_name, _text),
    "builder": _named(names.builder),
    "labels": _mapping(passed.label_name, _text),
    "platforms": _list(_named(platforms.platform)),
}
_IMAGE: dict[str, Check] = _SHARED | {
    "dockerfile": _line,
    "context": _line,
    "target": _line,
    "contexts": _mapping(_context_name, _line),
    "aliases": _list(_named(names.alias)),
    "include": _list(_line),
    "exclude": _list(_line),
    "depends_on": _list(_named(names.image_name)),
    "tags": _list(_named(names.tag_template)),
}
_CONFIG: dict[str, Check] = {
    "version": _version,
    "project": _named(names.project_name),
    "registry": _named(names.registry_prefix),
    "discover": _list(_line),
    "defaults": lambda value: Defaults(**_fields(value, _SHARED)),
    "images": _mapping(names.image_name, _image),
}
