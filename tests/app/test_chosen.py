"""Images that are named on the command line."""

from __future__ import annotations

import pytest

from mbuild.app.question import MOST_NAMES, chosen
from mbuild.errors import UsageError
from tests.graph.test_affected import graph, image


@pytest.mark.parametrize("more", [0, 1, 1000])
def test_no_more_images_are_listed_than_can_be_read(more: int) -> None:
    images = [image(f"i{number:04d}") for number in range(MOST_NAMES + more)]
    found = graph({each.dockerfile: "FROM scratch\n" for each in images}, *images)
    with pytest.raises(UsageError) as caught:
        chosen(found, ["zzz"])
    (hint,) = caught.value.problems[0].hints
    assert hint.count("i00") == MOST_NAMES
    assert hint.endswith(f" and {more:,} more, which mbuild graph shows" if more else f"i00{MOST_NAMES - 1}")
