"""Definitions as bytes: what is asked of one, and what is asked of all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mbuild.graph import defined
from mbuild.graph.defined import OF_ALL, Defined, freeze_definitions, thaw_definitions
from mbuild.images import ImageTest
from tests.graph.test_affected import image

IMAGES = [
    image("a"),
    image("b", builder="docker", tags=("x:{branch}", "y"), target="last"),
    image("c", test=ImageTest(command=("true",))),
]


@pytest.mark.parametrize("few", [0, 1, 2, 64])
def test_single_fields_are_the_same_however_many_are_asked_for(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defined, "FEW", few)
    kept = Defined(IMAGES)
    found, _ = thaw_definitions(freeze_definitions(kept, ()))
    for field in (*OF_ALL, "target", "dockerfile", *OF_ALL):
        for each in kept.names:
            value, expected = found.value(each, field), kept.value(each, field)
            if field == "test":
                assert (value is None) == (expected is None)
            else:
                assert value == (list(expected) if isinstance(expected, Sequence) and field == "tags" else expected)
    assert found.of("b") == kept.of("b")
    assert found.value("b", "tags") == ("x:{branch}", "y")
