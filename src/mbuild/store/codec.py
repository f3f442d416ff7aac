"""Frozen dataclasses as JSON values and back: an object is the list of its fields.

What is decoded was encoded by the same version of mbuild (``cache`` sees to that), so names of fields are not written.
"""

from __future__ import annotations

import operator
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, cast

from mbuild.values import field_names

T = TypeVar("T")

_PLAIN = (str, int, float)
_PARTS: dict[Any, Callable[[Any], tuple[Any, ...]]] = {}
_DECODERS: dict[Any, Callable[[Any], Any]] = {}


def encode(value: Any) -> Any:
    """Return a value of strings, numbers, booleans, None, tuples and dataclasses of them as a JSON value."""
    if value is None or isinstance(value, _PLAIN):
        return value
    parts = value if isinstance(value, tuple) else _parts(type(value))(value)
    return [each if each is None or isinstance(each, _PLAIN) else encode(each) for each in parts]


def _parts(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes an object apart."""
    if kind not in _PARTS:
        names = field_names(kind)
        found = operator.attrgetter(*names)
        _PARTS[kind] = found if len(names) > 1 else lambda value: (found(value),)
    return _PARTS[kind]


def decode(kind: type[T], value: Any) -> T:
    """Return the value that ``encode`` was given. Raises ValueError, TypeError or IndexError where it is none."""
    return cast("T", _decoder(kind)(value))


def _decoder(kind: Any) -> Callable[[Any], Any]:
    if kind not in _DECODERS:
        _DECODERS[kind] = _made(kind)
    return _DECODERS[kind]


def _made(kind: Any) -> Callable[[Any], Any]:
    if kind in (str, int, bool, float, type(None)):
        return _plain
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _tuple(inner)
    if origin in (types.UnionType, typing.Union):
        return _optional(inner)
    hints = typing.get_type_hints(kind)
    parts = [_decoder(hints[name]) for name in field_names(kind)]
    make = cast("Callable[..., Any]", kind)
    return lambda value: make(*[part(each) for part, each in zip(parts, value, strict=True)])


def _plain(value: Any) -> Any:
    return value


def _tuple(inner: tuple[Any, ...]) -> Callable[[Any], Any]:
    if inner[-1] is Ellipsis:
        each_of = _decoder(inner[0])
        return tuple if each_of is _plain else lambda value: tuple([each_of(each) for each in value])
    parts = [_decoder(each) for each in inner]
    return lambda value: tuple([part(each) for part, each in zip(parts, value, strict=True)])


def _optional(inner: tuple[Any, ...]) -> Callable[[Any], Any]:
    (kind,) = [each for each in inner if each is not type(None)]
    some = _decoder(kind)
    return _plain if some is _plain else lambda value: None if value is None else some(value)
