"""Files that are found valid without the models, and what they then say. ``conftest`` holds both against each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.config.written import Config, Defaults, ImageEntry
from tests.config.conftest import checked

IMAGE: dict[str, Any] = {
    "dockerfile": "a/Dockerfile",
    "context": ".",
    "target": "x",
    "args": {"A": "", "B": "1"},
    "contexts": {"core": "libs/core"},
    "aliases": ["acme/a:1"],
    "include": ["a"],
    "exclude": ["!b"],
    "depends_on": ["b"],
    "tags": ["v{commit}"],
    "platforms": ["linux/arm64"],
    "builder": "oci",
    "labels": {"a": "b"},
}
DEFAULTS: dict[str, Any] = {key: IMAGE[key] for key in ("args", "builder", "labels", "platforms")}
WHOLE: dict[str, Any] = {
    "version": "1",
    "project": "shop",
    "registry": "localhost:5000/x",
    "discover": ["*/Dockerfile", "!b"],
    "defaults": DEFAULTS,
    "images": {"a": IMAGE, "b": None, "c": {}},
}


def test_common_keys() -> None:
    assert checked(WHOLE) == Config(
        "1",
        "shop",
        "localhost:5000/x",
        ["*/Dockerfile", "!b"],
        Defaults(**DEFAULTS),
        {"a": ImageEntry(**IMAGE), "b": None, "c": ImageEntry()},
    )
    empty: dict[str, Any] = dict.fromkeys(WHOLE)
    assert checked(empty) == checked({}) == Config()


@pytest.mark.parametrize(
    "key", [*WHOLE, *(f"images.a.{key}" for key in IMAGE), *(f"defaults.{key}" for key in DEFAULTS)]
)
@pytest.mark.parametrize(
    "value", ["", "Not A=Name\n", "2", [], [""], ["\0 x"], [None], {}, {"": "x"}, {"a b": None}, {"x": {}}, {"x": ""}]
)
def test_values(key: str, value: object) -> None:
    """Whatever is said is said by the models, too."""
    checked(_with(key, value))


@pytest.mark.parametrize("key", ["other", "images.a.other", "defaults.dockerfile", "images.a.test", "images.a.secrets"])
def test_other_keys_are_for_the_models(key: str) -> None:
    assert checked(_with(key, None)) is None


@pytest.mark.parametrize("document", ["text", None, ["list"]])
def test_other_documents_are_for_the_models(document: Any) -> None:
    assert checked(document) is None


def _with(key: str, value: object) -> dict[str, Any]:
    first, *rest = key.split(".")
    if not rest:
        return WHOLE | {first: value}
    inner = WHOLE[first]
    if len(rest) == 1:
        return WHOLE | {first: inner | {rest[0]: value}}
    return WHOLE | {first: inner | {rest[0]: inner[rest[0]] | {rest[1]: value}}}


TEXTS = st.sampled_from(
    ["", "1", "a", "A", "a/b", "linux/arm64", "v{commit}", "x y", "dev.mbuild.x", "oci", "a@b", "{z}"]
)
VALUES = st.one_of(TEXTS, st.none(), st.lists(TEXTS, max_size=2), st.dictionaries(TEXTS, TEXTS, max_size=2))


def keyed(keys: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Give some keys, most with values of which one or the other is right."""
    chosen = st.sets(st.sampled_from([*keys, *keys, *keys, "ssh", "other"]), max_size=4)
    return chosen.flatmap(
        lambda some: st.fixed_dictionaries({key: st.one_of(st.just(keys.get(key)), VALUES) for key in some})
    )


def test_random_documents() -> None:
    seen: Counter[bool] = Counter()
    images = st.dictionaries(TEXTS, st.none() | keyed(IMAGE), max_size=2)
    inner = st.fixed_dictionaries({}, optional={"images": images, "defaults": keyed(DEFAULTS)})

    @settings(max_examples=600)
    @given(keyed(WHOLE), inner)
    def check(top: dict[str, Any], more: dict[str, Any]) -> None:
        seen[checked(top | more) is not None] += 1

    check()
    assert min(seen[True], seen[False]) > 50, seen
