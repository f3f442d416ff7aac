from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mbuild.audit.draw import draw

NAMES = st.sets(st.text(max_size=5), max_size=12)


@given(NAMES, st.integers(0, 14), st.integers(0, 1 << 40))
def test_a_sample_is_part_of_the_names_and_the_same_each_time(names: set[str], size: int, seed: int) -> None:
    found = draw(names, size, seed)
    assert set(found) <= names
    assert len(set(found)) == len(found) == min(size, len(names))
    assert list(found) == sorted(found)
    assert draw(sorted(names, reverse=True), size, seed) == found


@given(NAMES, st.integers(0, 1 << 40))
def test_all(names: set[str], seed: int) -> None:
    assert draw(names, None, seed) == tuple(sorted(names))


def test_it_does_not_depend_on_this_version_of_anything() -> None:
    """As ``printf "7\\0i1" | sha256sum`` and its like say."""
    assert draw([f"i{number}" for number in range(10)], 3, 7) == ("i1", "i4", "i6")


def test_chances_are_equal() -> None:
    names = [f"image-{number}" for number in range(10)]
    counted = Counter(name for seed in range(3000) for name in draw(names, 3, seed))
    assert all(abs(counted[name] - 900) < 150 for name in names)
