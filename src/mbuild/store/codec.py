"""Frozen dataclasses as JSON values and back: an object is the list of its fields.

What is decoded was encoded by the same version of mbuild (``cache`` sees to that), so names of fields are not written.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")

_NAMES: dict[Any, tuple[str, ...]] = {}
_DECODERS: dict[Any, Callable[[Any], Any]] = {}


def encode(value: Any) -> Any:
    """Return a value of strings, numbers, booleans, None, tuples and dataclasses of them as a JSON value."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return [encode(each) for each in value]
    return [encode(getattr(value, name)) for name in _names(type(value))]


def _names(kind: Any) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(each.name for each in dataclasses.fields(kind))
    return _NAMES[kind]


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
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"{kind} cannot be remembered")
    hints = typing.get_type_hints(kind)
    parts = [_decoder(hints[name]) for name in _names(kind)]

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
