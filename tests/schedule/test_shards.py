"""Shards: whatever the graph, nothing is left out, every part stands by itself, and the parts are balanced."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from mbuild.schedule.shards import Part, needs_among, split, split_wanted
from tests.schedule.test_plan import GRAPH


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw the direct parents of each image, parents first."""
    found: dict[str, list[str]] = {}
    for number in range(draw(st.integers(0, 24))):
        names = sorted(found)
        chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []
        found[f"i{number:02d}"] = chosen
    return found


WEIGHTS = st.floats(0.1, 1000, allow_nan=False)


@given(graphs(), st.integers(1, 9), st.data())
def test_parts_hold_everything_each_with_its_parents_and_are_balanced(
    parents: dict[str, list[str]], number: int, data: st.DataObject
) -> None:
    known = data.draw(st.lists(st.sampled_from(sorted(parents)), unique=True)) if parents else []
    weights = {name: data.draw(WEIGHTS) for name in known}
    needs = needs_among(parents, list(parents), parents)
    parts = split(needs, weights, number)

    assert len(parts) == number
    assert {name for part in parts for name in part.images} == set(parents)
    for part in parts:
        assert len(set(part.images)) == len(part.images)
        for at, name in enumerate(part.images):
            assert set(parents[name]) <= set(part.images[:at])
        elsewhere = {name for each in parts if each is not part for name in each.images}
        assert set(part.shared) == set(part.images) & elsewhere

    usual = sum(weights.values()) / len(weights) if weights else 1.0
    weigh = {name: weights.get(name, usual) for name in parents}
    loads = [sum(weigh[name] for name in part.images) for part in parts]
    assert all(abs(load - part.weight) <= 1e-6 * (1 + load) for load, part in zip(loads, parts, strict=True))
    heaviest = max((weigh[name] + sum(weigh[each] for each in needs[name]) for name in parents), default=0)
    assert max(loads) - min(loads) <= heaviest + 1e-6 * (1 + max(loads))


@given(graphs(), st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_in_which_the_images_come_does_not_matter(
    parents: dict[str, list[str]], number: int, shuffled: random.Random
) -> None:
    needs = needs_among(parents, list(parents), parents)
    names = list(needs)
    shuffled.shuffle(names)
    again = split({name: needs[name] for name in names}, {}, number)
    assert [set(part.images) for part in again] == [set(part.images) for part in split(needs, {}, number)]


def test_images_alike_are_dealt_out_evenly() -> None:
    parts = split({f"i{number}": () for number in range(10)}, {}, 4)
    assert sorted(len(part.images) for part in parts) == [2, 2, 3, 3]


def test_estimates_count_where_they_are_known() -> None:
    parts = split({"a": (), "b": (), "c": (), "d": ()}, {"a": 30, "b": 10, "c": 10, "d": 10}, 2)
    assert parts == (Part(("a",), (), 30), Part(("b", "c", "d"), (), 30))


def test_the_heaviest_are_placed_first() -> None:
    parts = split(dict.fromkeys("abcde", ()), {"a": 1, "b": 1, "c": 1, "d": 1, "e": 4}, 2)
    assert [part.weight for part in parts] == [4, 4]


def test_a_parent_of_both_is_in_both_and_said_to_be_shared() -> None:
    parts = split({"base": (), "a": ("base",), "b": ("base",)}, {}, 2)
    assert parts == (Part(("base", "a"), ("base",), 2), Part(("base", "b"), ("base",), 2))


def test_what_a_parent_in_between_uses_is_needed_although_it_is_not_wanted_itself() -> None:
    wanted = {"api": (), "base": (), "web": ()}
    assert split_wanted(GRAPH, wanted, 2) == (Part(("base", "api"), (), 2), Part(("web",), (), 1))
