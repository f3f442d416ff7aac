"""What causes rebuilds, held against leaving the cause out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mbuild.errors import Where
from mbuild.graph.affected import Reason
from mbuild.graph.impact import Share, causes, shares

ORDER = ("a", "b", "c", "d")


def file(line: int, path: str = "p") -> Reason:
    return Reason("file-changed", path=path, change="modified", where=Where("D", line))


def parent(name: str) -> Reason:
    return Reason("parent-affected", parent=name)


def nothing(_: str) -> float:
    return 0.0


def test_causes_come_from_parents_too() -> None:
    reasons = {"a": (file(1),), "b": (parent("a"),), "c": (parent("a"), file(2, "q")), "d": (Reason("image-added"),)}
    lines = causes(ORDER, reasons, by_path=False)
    assert lines == {"a": {"D:1"}, "b": {"D:1"}, "c": {"D:1", "D:2"}, "d": {""}}
    assert causes(ORDER, reasons, by_path=True)["c"] == {"p", "q"}
    assert shares([lines], {"a": 1, "b": 10, "c": 100, "d": 1000}.__getitem__) == (
        Share("D:1", 1, 3, 2, 11.0),
        Share("D:2", 1, 1, 0),
    )


def test_shares_add_up_over_commits() -> None:
    one = causes(ORDER, {"a": (file(1),)}, by_path=False)
    two = causes(ORDER, {"a": (file(1), file(2))}, by_path=False)
    assert shares([one, {}, two], nothing) == (Share("D:1", 2, 2, 1), Share("D:2", 1, 1, 0))
    assert shares([], nothing) == ()


def test_what_could_save_most_is_first() -> None:
    one = causes(ORDER, {"a": (file(1),), "b": (file(1),), "c": (file(2),)}, by_path=False)
    assert [each.cause for each in shares([one], nothing)] == ["D:1", "D:2"]
    assert [each.cause for each in shares([one], lambda name: 5.0 if name == "c" else 1.0)] == ["D:2", "D:1"]


def test_what_is_no_file_or_has_no_place_is_no_line() -> None:
    reasons = {
        "a": (Reason("file-changed", path="p"),),
        "b": (Reason("definition-changed", path="D", where=Where("D", 1)),),
    }
    assert causes(ORDER, reasons, by_path=False) == {"a": {""}, "b": {""}}
    assert causes(ORDER, {"b": (parent("gone"),)}, by_path=False) == {"b": {""}}


REASONS = st.lists(st.integers(1, 3).map(file) | st.sampled_from(ORDER).map(parent), min_size=1, max_size=3)


@given(st.dictionaries(st.sampled_from(ORDER), REASONS), st.integers(1, 3))
def test_alone_is_what_would_not_be_rebuilt_without_the_line(given_: dict[str, list[Reason]], line: int) -> None:
    reasons: dict[str, tuple[Reason, ...]] = {}
    for at, name in enumerate(ORDER):
        known = [each for each in given_.get(name, ()) if each.parent is None or each.parent in ORDER[:at]]
        known = [each for each in known if each.parent is None or each.parent in reasons]
        if known:
            reasons[name] = tuple(known)
    without: set[str] = set()
    for name in ORDER:
        if any(each.parent in without or (each.where and each.where.line != line) for each in reasons.get(name, ())):
            without.add(name)
    share = {each.cause: each for each in shares([causes(ORDER, reasons, by_path=False)], nothing)}.get(f"D:{line}")
    assert (share.alone if share else 0) == len(reasons.keys() - without)
