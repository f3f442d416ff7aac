"""``dataclass``, ``field`` and ``replace`` as the standard library has them, but quick to start and to make.

The library writes six methods of every class as text and compiles them when the class is made: 0.4 ms a class, besides
5 ms to import it. The shortest question met 45 of them, which was a quarter of its time. Here methods are shared
functions, ``__init__`` is compiled when the first object is made, and a field is set through its slot, which takes 0.6
of the time. For type checkers they are the library's own, and ``dataclasses.fields``, ``replace`` and the like know
them. What is not here (``ClassVar``, ``kw_only``) is refused. The same goes for ``NamedTuple`` (0.25 ms a class).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, ge, gt, itemgetter, le, lt
from typing import TYPE_CHECKING, Any

__all__ = ["NamedTuple", "dataclass", "field", "field_names", "replace"]

_NOTHING: Any = object()
_FIELDS = "__mbuild_fields__"


class _Field:
    """What is said of a field besides its type."""

    __slots__ = ("compare", "default", "default_factory", "init", "name", "repr")

    def __init__(
        self,
        *,
        default: Any = _NOTHING,
        default_factory: Callable[[], Any] = _NOTHING,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - named as in the library
        compare: bool = True,
    ) -> None:
        self.name = ""
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare = init, repr, compare


def _dataclass(*, slots: bool, frozen: bool = False, eq: bool = True, order: bool = False) -> Callable[[type], type]:
    if not slots:
        raise TypeError("slots=True is what makes it worth it")
    return lambda cls: _made(cls, frozen, eq, order)


def field_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields of a class made here. Raises TypeError for any other."""
    if not hasattr(kind, _FIELDS):
        raise TypeError(f"{kind} is no dataclass")
    return tuple(each.name for each in getattr(kind, _FIELDS))


def _replace(value: Any, /, **changes: Any) -> Any:
    """Return a copy with other values of some fields. Raises TypeError for one that there is not."""
    for each in getattr(value, _FIELDS):
        if each.init:
            changes.setdefault(each.name, getattr(value, each.name))
    return value.__class__(**changes)


def _made(cls: type, frozen: bool, eq: bool, order: bool) -> type:
    body = dict(cls.__dict__)
    own = [_field(name, kind, body.pop(name, _NOTHING)) for name, kind in _annotations(body).items()]
    inherited = {each.name: each for base in reversed(cls.__mro__) for each in base.__dict__.get(_FIELDS, ())}
    fields = [*inherited.values(), *own]
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    shared: dict[str, Any] = {
        "__slots__": tuple(each.name for each in own),
        "__qualname__": cls.__qualname__,
        _FIELDS: fields,
    }
    shared["__match_args__"] = tuple(each.name for each in fields if each.init)
    shared["__dataclass_fields__"] = _AsTheLibrary(frozen, eq, order)
    found = type(cls)(cls.__name__, cls.__bases__, {**dict(_methods(fields, frozen, eq, order)), **body, **shared})
    found.__init__ = _first(found, fields, frozen)  # type: ignore[misc]
    return found


def _annotations(body: Mapping[str, Any]) -> Mapping[str, object]:
    """Return what a class is annotated with. From Python 3.14 on, only the future import has that said at once."""
    found: Mapping[str, object] = body.get("__annotations__", {})
    if "__annotate_func__" in body:
        from annotationlib import Format, call_annotate_function  # type: ignore[import-not-found]

        found = call_annotate_function(body["__annotate_func__"], Format.FORWARDREF)
    return found


def _field(name: str, kind: object, given: Any) -> _Field:
    if "ClassVar" in str(kind) or "InitVar" in str(kind) or type(given) in (list, dict, set):
        raise TypeError(f"{name}: no field of a kind that is known here")
    found = given if type(given) is _Field else _Field(default=given)
    found.name = name
    return found


def _methods(fields: Sequence[_Field], frozen: bool, eq: bool, order: bool) -> Iterator[tuple[str, Any]]:
    yield "__repr__", _repr
    key = _key([each.name for each in fields if each.compare])
    if eq:
        yield "__eq__", _comparing(key, _equal)
        yield "__hash__", (lambda value: hash(key(value))) if frozen else None
    if order:
        yield from ((f"__{each.__name__}__", _comparing(key, each)) for each in (lt, le, gt, ge))
    if frozen:
        yield from (("__setattr__", _refuse), ("__delattr__", _refuse))
        yield from (("__getstate__", _state), ("__setstate__", _restore))  # for copy and pickle


def _key(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes the values that are compared from an object, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple([getattr(value, each) for each in names])


def _comparing(key: Callable[[Any], Any], how: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    return lambda one, other: how(key(one), key(other)) if other.__class__ is one.__class__ else NotImplemented


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other)


def _repr(value: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(value, each.name)!r}" for each in getattr(value, _FIELDS) if each.repr)
    return f"{value.__class__.__qualname__}({shown})"


def _refuse(value: Any, name: str, *_: Any) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to or delete field {name!r} of {value.__class__.__name__}")


def _state(value: Any) -> list[Any]:
    return [getattr(value, each.name) for each in getattr(value, _FIELDS)]


def _restore(value: Any, state: Sequence[Any]) -> None:
    for each, found in zip(getattr(value, _FIELDS), state, strict=True):
        object.__setattr__(value, each.name, found)


def _first(cls: type, fields: Sequence[_Field], frozen: bool) -> Callable[..., None]:
    """Return the ``__init__`` that stands in until the first object is made."""

    def __init__(self: Any, *args: Any, **given: Any) -> None:  # noqa: N807
        cls.__init__ = _compiled(cls, fields, frozen)  # type: ignore[misc]
        cls.__init__(self, *args, **given)  # type: ignore[misc]

    return __init__


def _compiled(cls: type, fields: Sequence[_Field], frozen: bool) -> Callable[..., None]:
    names: dict[str, Any] = {"_nothing": _NOTHING}
    asked, lines = ["self"], ["def __init__({}):", " pass"]
    for number, each in enumerate(fields):
        names[f"_set{number}"] = getattr(cls, each.name).__set__
        names[f"_default{number}"], names[f"_make{number}"] = each.default, each.default_factory
        made = each.default_factory is not _NOTHING
        value = f"_make{number}()" if made else f"_default{number}"
        if each.init:
            default = "_nothing" if made else f"_default{number}"
            asked.append(f"{each.name}={default}" if made or each.default is not _NOTHING else each.name)
            value = f"{value} if {each.name} is _nothing else {each.name}" if made else each.name
        elif not made and each.default is _NOTHING:
            continue
        lines.append(f" _set{number}(self, {value})" if frozen else f" self.{each.name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join(lines).format(", ".join(asked)), names)  # noqa: S102 - names of fields and nothing else
    found: Callable[..., None] = names["__init__"]
    found.__qualname__ = f"{cls.__qualname__}.__init__"
    return found


class _AsTheLibrary:
    """The fields as ``dataclasses`` has them: made when it is asked for them."""

    __slots__ = ("_found", "_options")

    def __init__(self, frozen: bool, eq: bool, order: bool) -> None:
        self._options: dict[str, Any] = {"frozen": frozen, "eq": eq, "order": order}
        self._found: Any = None

    def __get__(self, value: Any, cls: type) -> Any:
        import dataclasses

        if self._found is None:
            fields = getattr(cls, _FIELDS)
            parts = [(each.name, Any, _as_the_library(each)) for each in fields]
            made: Any = dataclasses.make_dataclass(cls.__name__, parts, **self._options)
            self._found = made.__dataclass_fields__
        return self._found


def _as_the_library(each: _Field) -> Any:
    import dataclasses

    given = {name: getattr(each, name) for name in ("default", "default_factory")}
    given = {name: value for name, value in given.items() if value is not _NOTHING}
    return dataclasses.field(init=each.init, repr=each.repr, compare=each.compare, **given)


try:  # what the library uses where it is there: it gives the value at a place in C
    from _collections import _tuplegetter as _getter  # type: ignore[import-not-found]
except ImportError:

    def _getter(at: int, _: str) -> Any:
        return property(itemgetter(at))


class _Tuple(tuple[Any, ...]):
    """What named tuples have in common."""

    __slots__ = ()
    _fields = tuple[str, ...]()

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Any:
        return cls(*values)

    def _replace(self, /, **changes: Any) -> Any:
        found = self._make([changes.pop(name, value) for name, value in zip(self._fields, self, strict=True)])
        if changes:
            raise TypeError(f"Got unexpected field names: {list(changes)!r}")
        return found

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{self.__class__.__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


class _Naming(type):
    """Makes named tuples of classes that are written like ``typing.NamedTuple``."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return type.__new__(cls, name, bases, body)
        fields = tuple(_annotations(body))
        defaults = tuple(body.pop(each) for each in fields if each in body)
        body |= {each: _getter(at, "") for at, each in enumerate(fields)}
        found = type(name, (_Tuple,), {**body, "__slots__": (), "_fields": fields, "__match_args__": fields})

        def first(cls: type, *args: Any, **given: Any) -> Any:
            found.__new__ = staticmethod(_compiled_tuple(fields, defaults))  # type: ignore[method-assign]
            return found.__new__(cls, *args, **given)

        found.__new__ = staticmethod(first)  # type: ignore[assignment]
        return found


def _compiled_tuple(fields: Sequence[str], defaults: tuple[Any, ...]) -> Callable[..., Any]:
    asked = ", ".join(fields)
    code = f"lambda _cls, {asked}: _new(_cls, ({asked}{',' if len(fields) == 1 else ''}))"
    found: Callable[..., Any] = eval(code, {"_new": tuple.__new__})  # noqa: S307 - names of fields and nothing else
    found.__defaults__ = defaults
    return found


class _NamedTuple(metaclass=_Naming):
    pass


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
    from typing import NamedTuple
else:
    dataclass, field, replace, NamedTuple = _dataclass, _Field, _replace, _NamedTuple
