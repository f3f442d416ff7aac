"""The index of readers: what covers a path, wherever it begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.graph.index import Index, Sources
from mbuild.graph.keeper import Rules
from mbuild.graph.paths import lies_in
from mbuild.images import ImageDef
from mbuild.tree import FILE, Entry
from tests.graph.test_affected import graph, image

HIT = (0, 0, 0, -1, 1, 1)


def index(literal: dict[str, tuple[int, ...]], wild: dict[str, list[object]] | None = None) -> Index:
    sources = Sources(literal, wild or {})  # type: ignore[arg-type]
    return Index(["a"], [[(0, False)]], sources, [Rules("", (), ())], [], {}, {}, {}, [], {})


def covers(found: Index, path: str) -> list[tuple[str, bool]]:
    assert all([*each.readers.hits] == [HIT] for each in found.covering(path))
    return [(each.root, each.deep) for each in found.covering(path)]


def test_what_begins_at_the_path_or_above_it_covers_it() -> None:
    found = index({"x": HIT, "x/y": HIT, "": HIT})
    assert covers(found, "x/y/z") == covers(found, "x/y") == [("x/y", False), ("x", False), ("", False)]
    assert covers(found, "x") == [("x", False), ("", False)]
    assert covers(found, "xy/x") == [("", False)]
    assert covers(index({"x": HIT}), "y/x") == []


def test_wildcards_are_looked_at_below_the_folder_they_begin_in() -> None:
    found = index({}, {"x": [([("x", False), ("*.c", True)], HIT)], "": [([("**", True), ("*.h", True)], HIT)]})
    assert covers(found, "x/a.c") == [("x/a.c", False)]
    assert covers(found, "x/a.c/in") == [("x/a.c", False)]
    assert covers(found, "x/a/b.h") == [("", True)]
    assert covers(found, "y/a.c") == []


def test_very_deep_paths() -> None:
    path = "/".join(["d"] * 3000)
    assert covers(index({"": HIT, path: HIT}), f"{path}/e") == [(path, False), ("", False)]


class Walked(dict[str, list[int]]):
    """A mapping that counts how often all of it is walked through."""

    walks = 0

    def __iter__(self) -> Iterator[str]:
        self.walks += 1
        return super().__iter__()


PATHS = st.lists(st.sampled_from(["a", "b", "a0", "a.b", "a-"]), max_size=3).map("/".join)
STARTS = st.dictionaries(PATHS, st.integers(0, 9), max_size=6)


@given(STARTS, STARTS, STARTS, PATHS)
def test_what_lies_around_a_path_is_found_as_by_looking_at_every_source(
    literal: dict[str, int], wild: dict[str, int], watched: dict[str, int], path: str
) -> None:
    def hit(image: int) -> tuple[int, ...]:
        return (image, *HIT[1:])

    sources = Sources(
        {each: hit(image) for each, image in literal.items()},
        {each: [([("*", True)], hit(image))] for each, image in wild.items()},
    )
    names, rooms, rules = ["x"] * 10, [[(0, False)]] * 10, [Rules("", (), ())]
    seen = {each: [image] for each, image in watched.items()}
    found = Index(names, rooms, sources, rules, [], {}, seen, {}, [7], {})

    beside = {image for starts in (literal, wild) for each, image in starts.items() if lies_in(each, path)}
    inside = {image for starts in (literal, wild) for each, image in starts.items() if lies_in(path, each)}
    defined = {image for each, image in watched.items() if lies_in(path, each)}
    assert found.around(path) == {7} | beside | inside | defined
    led = {image for each, image in wild.items() if lies_in(each, path)}
    assert found.near(path) == {7} | led | inside


def test_many_paths_are_looked_around_without_a_walk_for_each() -> None:
    literal, wild, watched = Walked(), Walked(), Walked()
    found = Index([], [], Sources(literal, wild), [], [], {}, watched, {}, [], {})  # type: ignore[arg-type]
    for number in range(3):
        assert found.around(f"d{number}") == found.near(f"d{number}") == set()
    assert (literal.walks, wild.walks, watched.walks) == (1, 1, 1)


PAIRS = {
    "exclude": (image("a", root=""), image("b", root="", exclude=("x/y",))),
    "include": (image("a", root=""), image("b", root="", include=("z",))),
    "root": (image("a", root="", exclude=("y",)), image("b", root="x", exclude=("y",))),
    "ignore file": (image("a", root=""), image("b", "own/Dockerfile", root="")),
    "the other one first": (image("b", root=""), image("a", root="", exclude=("x/y",))),
}


@pytest.mark.parametrize(("taker", "other"), PAIRS.values(), ids=PAIRS)
def test_every_image_has_the_rules_of_its_own(taker: ImageDef, other: ImageDef) -> None:
    files = {f"{each}/Dockerfile": "FROM scratch\nCOPY . /\n" for each in ("a", "b", "own")} | {"x/y": "", "z": ""}
    found = graph(files | {"own/Dockerfile.dockerignore": "x\n"}, taker, other).index
    assert [found.names[each] for each in found.takers("x/y", Entry("x/y", FILE, ""))] == [taker.name]


def test_rules_that_are_the_same_are_there_once() -> None:
    files = {f"{each}/Dockerfile": "FROM scratch\nCOPY . /\n" for each in ("a", "b")}
    assert len(graph(files, image("a", root=""), image("b", root="")).index.rules) == 1
