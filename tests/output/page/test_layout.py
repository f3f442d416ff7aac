"""Where the boxes of the graph stand."""

from __future__ import annotations

import pytest

from mbuild.output.page.layout import MOST_BOXES, boxes, drawing
from mbuild.output.page.model import Page
from mbuild.output.page.render import render
from mbuild.output.report import Report
from tests.output.page.pages import HEAD, image, large, read


def test_images_stand_right_of_what_they_use() -> None:
    images = [image("a", None, ("b", "c")), image("b", None, ("c",)), image("c")]
    columns = drawing(images, everything=True).columns
    assert [[box.name for box in column] for column in columns] == [["c"], ["b"], ["a"]]


@pytest.mark.unmeasured
def test_a_long_chain_is_no_problem() -> None:
    images = [image(f"i{index:04}", None, (f"i{index + 1:04}",) if index < 2999 else ()) for index in range(3000)]
    drawn = drawing(images, everything=True)
    assert len(drawn.columns) == MOST_BOXES
    assert drawn.left == 3000 - MOST_BOXES


def test_lines_cross_seldom() -> None:
    images = [image(f"p{index}") for index in range(4)]
    images += [image(f"c{index}", None, (f"p{3 - index}",)) for index in range(4)]
    one, two = drawing(images, everything=True).columns
    places = {box.name: index for index, box in enumerate(one)}
    assert [places[box.uses[0]] for box in two] == sorted(places.values())


def test_many_alike_share_a_box_and_what_is_used_has_its_own() -> None:
    images = [image("base"), *(image(f"i{index}", None, ("base",)) for index in range(9))]
    images += [image("odd", "failed", ("base",)), image("idle", None, action="none")]
    found = boxes(images, everything=False)
    assert [(box.text, box.state) for box in found] == [
        ("base", "to build"),
        ("9 images", "to build"),
        ("odd", "failed"),
    ]
    assert "idle" in {box.name for box in boxes(images, everything=True)}


@pytest.mark.unmeasured
def test_what_failed_is_drawn_however_many_there_are() -> None:
    images = [image(f"i{index:03}", None, (f"p{index % 60:02}", f"q{index % 7}")) for index in range(900)]
    images += [image(f"p{index:02}") for index in range(60)] + [image(f"q{index}") for index in range(7)]
    images += [image("zz-broken", "failed", ("i000",))]
    drawn = drawing(images, everything=True)
    assert "zz-broken" in {box.name for column in drawn.columns for box in column}
    assert drawn.left > 0
    page = Page(Report("all", None, HEAD, tuple(images)), "now", "0.1")
    assert "are left out" in render(page)


def test_of_many_images_only_those_of_interest_are_drawn() -> None:
    assert "Drawn are those that something happens to" in "".join(read(render(large(100))).texts)
