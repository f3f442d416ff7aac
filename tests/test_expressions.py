"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import mbuild
from mbuild.expressions import expression


def test_it_does_what_a_compiled_one_does() -> None:
    found = expression(r"(a)|\.", re.DOTALL | re.IGNORECASE)
    plain = re.compile(r"(a)|\.", re.DOTALL | re.IGNORECASE)
    for _ in range(2):
        assert found.sub("-", "xAy.") == plain.sub("-", "xAy.") == "x-y-"
        assert found.split("xay") == plain.split("xay")
        assert (found.fullmatch("A") is None, found.match("xa"), found.findall("a.")) == (False, None, ["a", ""])
    assert expression(rb"\xff").search(b"a\xff")
    assert [each[0] for each in expression(rb".").finditer(b"ab")] == [b"a", b"b"]


def test_what_is_not_there_is_missed() -> None:
    with pytest.raises(AttributeError):
        expression("a").nothing  # type: ignore[attr-defined]  # noqa: B018


def test_all_of_mbuild_are_sound() -> None:
    """One that is not would be found out by the first user who needs it."""
    kind, found = type(expression("")), 0
    for each in pkgutil.walk_packages(mbuild.__path__, "mbuild."):
        if each.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(each.name)).values():
            if isinstance(value, kind):
                found += 1
                assert callable(value.search)
    assert found >= 10
