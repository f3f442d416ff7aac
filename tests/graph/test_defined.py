"""Definitions as bytes: what is said of an image in one field, without decoding the rest."""

from __future__ import annotations

import json

import pytest

from mbuild.errors import Where
from mbuild.graph.defined import Defined, freeze_definitions, thaw_definitions
from mbuild.images import ImageDef, ImageTest
from mbuild.store.codec import encode
from mbuild.values import field_names, replace
from tests.graph.test_affected import image

PLAIN = image("a")
IMAGES = [
    PLAIN,
    replace(PLAIN, where=Where("build.yaml", 3, 1), args=(("A", '"],[],"auto",null,null,null],null]'),)),
    *(replace(PLAIN, tags=each) for each in (("x",), ("[]", "[]"), ('[],"auto"',))),
    *(replace(PLAIN, platforms=each) for each in (("linux/amd64",), ("[]",))),
    replace(PLAIN, builder="docker"),
    replace(PLAIN, test=ImageTest(command=("true",))),
    replace(PLAIN, unheld=(("shm_size", '"1g"'),)),
    replace(PLAIN, depends_on=("b",)),
    replace(PLAIN, cache_to=("x",), target="auto"),
]


@pytest.mark.parametrize("each", IMAGES)
def test_single_fields_are_those_of_the_whole(each: ImageDef) -> None:
    found, _ = thaw_definitions(freeze_definitions(Defined([each]), ()))
    whole = json.loads(json.dumps(encode(each)))
    for field, expected in zip(field_names(ImageDef), whole, strict=True):
        if field not in ("where", "places", "contexts"):  # these are kept apart
            assert found.value("a", field) == expected, field
    assert found.of("a") == each
    assert found.value("a", "tags") == each.tags


def test_nothing_is_decoded_where_little_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = thaw_definitions(freeze_definitions(Defined([PLAIN]), ()))
    monkeypatch.delattr(json, "loads")
    assert [found.value("a", field) for field in ("builder", "tags", "test")] == ["auto", [], None]
