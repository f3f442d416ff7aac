"""Frozen dataclasses as JSON values and back: an object is the list of its fields.

What is decoded was encoded by the same version of mbuild (``cache`` sees to that), so names of fields are not written.
"""

from __future__ import annotations

import operator
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from mbuild.values import field_names

T = TypeVar("T")

Coder = Callable[[Any], Any]

_PLAIN = (str, int, bool, float, type(None))
_UNIONS = (types.UnionType, typing.Union)

_ENCODERS: dict[Any, Coder | None] = {}
_DECODERS: dict[Any, Coder] = {}


def encode(value: Any) -> Any:
    """Return a dataclass of strings, numbers, booleans, None, tuples and dataclasses of them as a JSON value.

    How is settled by the types of its fields, once for each class.
    """
    made = _encoder(type(value))
    return made(value) if made else value


def _encoder(kind: Any) -> Coder | None:
    """Return what encodes values of a type; None where they are JSON values (tuples of such are, too)."""
    if kind not in _ENCODERS:
        _ENCODERS[kind] = _made_encoder(kind)
    return _ENCODERS[kind]


def _made_encoder(kind: Any) -> Coder | None:
    if kind in _PLAIN:
        return None
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in _UNIONS:
        some = _encoder(_of_optional(inner))
        return some and (lambda value: None if value is None else some(value))
    if origin is tuple and inner[-1] is Ellipsis:
        each_of = _encoder(inner[0])
        return each_of and (lambda value: [each_of(each) for each in value])
    if origin is tuple:
        return _fields(tuple, inner)
    names, hints = field_names(kind), typing.get_type_hints(kind)
    found = operator.attrgetter(*names)
    return _fields(found if len(names) > 1 else lambda value: (found(value),), [hints[name] for name in names])


def _fields(parts: Callable[[Any], tuple[Any, ...]], kinds: Sequence[Any]) -> Coder | None:
    special = [(at, made) for at, made in enumerate(map(_encoder, kinds)) if made]
    if not special:
        return None if parts is tuple else parts

    def encoded(value: Any) -> list[Any]:
        found = list(parts(value))
        for at, made in special:
            found[at] = made(found[at])
        return found

    return encoded


def decode(kind: type[T], value: Any) -> T:
    """Return the value that ``encode`` was given. Raises ValueError, TypeError or IndexError where it is none."""
    return cast("T", _decoder(kind)(value))


def _decoder(kind: Any) -> Coder:
    if kind not in _DECODERS:
        _DECODERS[kind] = _made(kind)
    return _DECODERS[kind]


def _made(kind: Any) -> Coder:
    if kind in _PLAIN:
        return _plain
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _tuple(inner)
    if origin in _UNIONS:
        return _optional(_of_optional(inner))
    hints = typing.get_type_hints(kind)
    make = cast("Callable[..., Any]", kind)
    return _of_parts(lambda parts: make(*parts), [hints[name] for name in field_names(kind)])


def _of_parts(make: Callable[[list[Any]], Any], kinds: Sequence[Any]) -> Coder:
    special = [(at, made) for at, made in enumerate(map(_decoder, kinds)) if made is not _plain]

    def decoded(value: Any) -> Any:
        if len(value) != len(kinds):
            raise ValueError("another number of fields")
        parts = list(value)
        for at, part in special:
            parts[at] = part(parts[at])
        return make(parts)

    return decoded


def _plain(value: Any) -> Any:
    return value


def _tuple(inner: tuple[Any, ...]) -> Coder:
    if inner[-1] is Ellipsis:
        each_of = _decoder(inner[0])
        return tuple if each_of is _plain else lambda value: tuple([each_of(each) for each in value])
    return _of_parts(tuple, inner)


def _optional(kind: Any) -> Coder:
    some = _decoder(kind)
    return _plain if some is _plain else lambda value: None if value is None else some(value)


def _of_optional(inner: tuple[Any, ...]) -> Any:
    (kind,) = [each for each in inner if each is not type(None)]
    return kind
