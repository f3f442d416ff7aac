"""Answers as pictures for people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbuild.output.formats.registry import render
from tests.output.formats.answers import MANY, SHOP, planned


def test_what_happens_to_an_image_can_be_seen() -> None:
    actions = {"api": "build", "base": "none", "tools/lint": "reuse", "web": "none"}
    report = replace(SHOP, images=tuple(replace(each, action=actions[each.name]) for each in SHOP.images))
    assert render("dot", report).splitlines()[3:-1] == [
        '  "api" [style="filled,bold", tooltip="build"];',
        '  "api" -> "base";',
        '  "base" [style="dashed", tooltip="used"];',
        '  "tools/lint" [style="filled", tooltip="reuse"];',
    ]
    assert render("mermaid", report).splitlines()[1:5] == [
        '  i0["api"]:::build',
        '  i1["base"]:::used',
        '  i2["tools/lint"]:::reuse',
        "  i0 --> i1",
    ]


@pytest.mark.parametrize("form", ["dot", "mermaid"])
def test_many_images_alike_share_a_box(form: str) -> None:
    text = render(form, MANY)
    assert len(text.splitlines()) < 15
    assert all(each.name in text for each in MANY.images)
    assert text.count("->") + text.count("-->") * (form == "mermaid") <= 2


def test_images_that_are_used_have_boxes_of_their_own() -> None:
    names = [f"i{number}" for number in range(6)]
    report = planned(dict.fromkeys(names, ()) | {"top": ("i3",)})
    assert '"i0" [style="filled,bold", tooltip="build", label="i0, i1, i2, i4, i5"];' in render("dot", report)
    assert '"top" -> "i3";' in render("dot", report)
