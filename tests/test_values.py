"""Values made here against those that the standard library makes of the same text."""

import copy
import dataclasses
import pickle
import typing
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild import values

NAMES = ("a", "b", "c", "d", "e")

Fields = list[tuple[str, str, dict[str, bool]]]
"""Of each field: its name, how it gets its value (``plain``, ``default``, ``factory``), and what else is said of it."""


def made(library: Any, fields: Fields, options: dict[str, bool]) -> Any:
    """Make one class with one of the two libraries."""
    body: dict[str, Any] = {"__annotations__": {name: "object" for name, _, _ in fields}, "__module__": __name__}
    given: dict[str, dict[str, Any]]
    for name, how, said in fields:
        given = {"default": {"default": name}, "factory": {"default_factory": list}, "plain": {}}
        body[name] = library.field(**given[how], **said)
    return library.dataclass(slots=True, **options)(type("Made", (), body))


@st.composite
def shapes(draw: st.DrawFn) -> tuple[Fields, dict[str, bool]]:
    """Fields, those without a value first, and the options of the class."""
    hows = sorted(draw(st.lists(st.sampled_from(("plain", "default", "factory")), max_size=5)), key="plain".__ne__)
    fields = []
    for name, how in zip(NAMES, hows, strict=False):
        said = draw(st.fixed_dictionaries({"repr": st.booleans(), "compare": st.booleans()}))
        fields.append((name, how, said | {"init": how == "plain" or draw(st.booleans())}))
    eq = draw(st.booleans())
    return fields, {"frozen": draw(st.booleans()), "eq": eq, "order": eq and draw(st.booleans())}


def outcome(ask: Any) -> object:
    """Return what something gives, or the kind of error it raises."""
    try:
        return ask()
    except (TypeError, AttributeError) as error:
        return type(error)


@settings(max_examples=500)
@given(shapes(), st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 2), max_size=6), st.data())
def test_values_behave_as_those_of_the_library(
    shape: tuple[Fields, dict[str, bool]], one: list[int], two: list[int], data: st.DataObject
) -> None:
    fields, options = shape
    named = data.draw(st.dictionaries(st.sampled_from((*NAMES, "other")), st.integers(0, 2), max_size=2))
    found = []
    for library in (values, dataclasses):
        made_class = made(library, fields, options)
        first = outcome(lambda: made_class(*one, **named))  # noqa: B023 - called at once
        second = outcome(lambda: made_class(*two))  # noqa: B023
        found.append([made_class.__match_args__, *described(library, first, second, named)])
    assert found[0] == found[1]


def is_refused(ask: Any) -> bool:
    """Tell whether something raises an error."""
    return isinstance(outcome(ask), type)


def described(library: Any, first: Any, second: Any, named: dict[str, int]) -> list[object]:
    """Return all that can be told of two objects, or of how they could not be made."""
    if isinstance(first, type) or isinstance(second, type):
        return [first if isinstance(first, type) else repr(first), second if isinstance(second, type) else ""]
    asked = [
        lambda: repr(first),
        lambda: first == second,
        lambda: first == first.__class__,
        lambda: (first < second, first <= second, first > second, first >= second),
        lambda: (hash(first) == hash(second)) >= (first == second),
        lambda: repr(library.replace(first, **named)),
        lambda: repr(dataclasses.replace(first, **named)),
        lambda: [(each.name, each.init, each.repr, each.compare) for each in dataclasses.fields(first)],
        lambda: dataclasses.asdict(first),
        lambda: repr(copy.deepcopy(first)),
        # Of a name that is no field the library's classes with slots say another error than of one that is.
        *(partial(is_refused, partial(setattr, first, name, 5)) for name in ("a", "unknown")),
        partial(is_refused, partial(delattr, first, "a")),
        lambda: repr(first),
    ]
    return [outcome(each) for each in asked]


@values.dataclass(frozen=True, slots=True)
class Point:
    """A value that can be found by its name, as pickle needs it."""

    x: int
    y: int = 2


def test_a_frozen_value_says_what_cannot_be_set() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match="'x' of Point"):
        Point(1).x = 3  # type: ignore[misc]


def test_a_value_can_be_pickled_and_matched() -> None:
    assert pickle.loads(pickle.dumps(Point(3))) == Point(3)
    match Point(4):
        case Point(x, y):
            assert (x, y) == (4, 2)


def test_what_is_missing_is_said_as_python_says_it() -> None:
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]


@values.dataclass(frozen=True, slots=True)
class Place(Point):
    """A value with the fields of another."""

    name: str = ""


def test_a_class_has_the_fields_of_its_base() -> None:
    assert values.field_names(Place) == ("x", "y", "name")
    assert repr(values.replace(Place(1, name="here"), y=5)) == "Place(x=1, y=5, name='here')"
    assert Place(1) != Point(1)
    assert not hasattr(Place(1), "__dict__")


@values.dataclass(slots=True)
class Doubled:
    """A value that is changed as it is made."""

    number: int

    def __post_init__(self) -> None:
        self.number *= 2


def test_what_is_left_to_do_is_done_when_an_object_is_made() -> None:
    assert Doubled(4) == Doubled(number=4)
    assert Doubled(4).number == 8


def test_fields_have_names() -> None:
    assert values.field_names(Point) == ("x", "y")
    with pytest.raises(TypeError, match="no dataclass"):
        values.field_names(int)


def test_what_is_not_known_is_refused() -> None:
    decorate: Any = values.dataclass(slots=True)
    for body in (
        {"__annotations__": {"a": "ClassVar[int]"}},
        {"__annotations__": {"a": "list[int]"}, "a": []},
    ):
        with pytest.raises(TypeError):
            decorate(type("Refused", (), body))
    loose: Any = values.dataclass
    with pytest.raises(TypeError):
        loose(slots=False)


class Plain(values.NamedTuple):
    """Two fields, one of them with a default, and more in the class."""

    a: int
    b: str = "x"

    @property
    def both(self) -> str:
        """Both."""
        return f"{self.a}{self.b}"


class Single(values.NamedTuple):
    """One field."""

    a: Any


class Library(typing.NamedTuple):
    """The same as Plain."""

    a: int
    b: str = "x"


TRIED: list[Any] = [
    lambda kind: kind(1),
    lambda kind: kind(1, "y"),
    lambda kind: kind(b="z", a=2),
    lambda kind: kind(),
    lambda kind: kind(1, 2, 3),
    lambda kind: kind(1, c=2),
    lambda kind: kind._make([1, "q"]),
    lambda kind: kind._make([1, "q", 3]),
    lambda kind: kind(1)._replace(b="r"),
    lambda kind: kind(1)._replace(c="r"),
    lambda kind: (kind(3).a, kind(3).b, kind(3)[0], [*kind(3)], len(kind(3))),
    lambda kind: kind(1) == (1, "x") and hash(kind(1)) == hash((1, "x")),
    lambda kind: sorted([kind(2), kind(1, "b"), kind(1, "a")]),
    lambda kind: kind._fields + kind.__match_args__,
    lambda kind: copy.copy(kind(1)),
    lambda kind: copy.deepcopy(kind(1)),
    typing.get_type_hints,
    lambda kind: setattr(kind(1), "a", 2),
    lambda kind: setattr(kind(1), "other", 2),
    lambda kind: isinstance(kind(1), tuple),
]


@pytest.mark.parametrize("ask", TRIED)
def test_named_tuples_behave_as_those_of_the_library(ask: Any) -> None:
    def tried(kind: Any) -> object:
        try:
            return repr(ask(kind)).replace(kind.__name__, "")
        except (TypeError, ValueError):
            return TypeError  # a ValueError where a Python before 3.13 is given a field that there is not
        except AttributeError:
            return AttributeError

    assert tried(Plain) == tried(Library)


def test_named_tuples_are_what_they_are_written_like() -> None:
    assert (Plain(1).both, Plain.__doc__, Plain.__module__) == ("1x", Plain.__doc__, __name__)
    assert "Two fields" in str(Plain.__doc__)
    assert (Single(1), Single((1,)).a) == ((1,), (1,))
    assert pickle.loads(pickle.dumps(Plain(1))) == Plain(1)
    match Plain(1):
        case Plain(a, b):
            assert (a, b) == (1, "x")
