"""The graph of images as a picture whose boxes are links, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mbuild.errors import listed
from mbuild.output.page.layout import Box, Drawing, drawing
from mbuild.output.page.markup import Html, element, joined
from mbuild.output.page.model import Page
from mbuild.output.page.status import SIGNS, badge, kind, status
from mbuild.output.report import ImageReport
from mbuild.output.text import reasons
from mbuild.output.words import count

EVERYTHING = 60
"""So many images are all drawn; of more, those that something happens to and those that they use."""
LETTER, LINE, GAP_X, GAP_Y, PAD = 7.3, 26, 70, 10, 10
"""Pixels: of a letter of a name, a box, between columns and boxes, within a box."""
LONGEST_NAME = 28


def graph(page: Page, ids: Mapping[str, str]) -> Html:
    """Return the section."""
    report = page.report
    everything = len(report.images) <= EVERYTHING
    drawn = drawing(report.images if everything else _mine(report.images, ids), everything=everything)
    pieces = [element("p", _about(drawn, everything)), _legend(drawn), _scrolled(drawn, page, ids)]
    if not drawn.columns:
        pieces = [element("p", "There is nothing to draw.")]
    return element("section", element("h2", "Graph", id="h-graph"), *pieces, aria_labelledby="h-graph", id="graph")


def _mine(images: Sequence[ImageReport], ids: Mapping[str, str]) -> list[ImageReport]:
    shown = [each for each in images if each.name in ids]
    used = {parent for each in shown for parent in each.parents}
    return [each for each in images if each.name in ids or each.name in used]


def _about(drawn: Drawing, everything: bool) -> str:
    words = "Images stand to the right of what they use. "
    if not everything:
        words += "Drawn are those that something happens to, and what they use. "
    if any(len(each.images) > 1 for column in drawn.columns for each in column):
        words += "Images that are alike and that none uses share a box. "
    if drawn.left:
        words += (
            f"{count(drawn.left, 'image')} that least depends on are left out, as there are too many for a picture; "
        )
        words += "the table has them all. "
    return words


def _legend(drawn: Drawing) -> Html:
    states = {box.state for column in drawn.columns for box in column}
    return element("p", joined((badge(each) for each in SIGNS if each in states), " "), class_="legend")


def _scrolled(drawn: Drawing, page: Page, ids: Mapping[str, str]) -> Html:
    places, width, height = _placed(drawn)
    by_name = {each.name: each for each in page.report.images}
    critical = set(page.timeline.critical) if page.timeline else set()
    boxes = [box for column in drawn.columns for box in column]
    edges = [_edge(places[parent], places[box.name]) for box in boxes for parent in box.uses]
    drawn_boxes = [_node(box, places[box.name], by_name[box.name], ids, critical) for box in boxes]
    label = f"Graph of {count(len(boxes), 'box', 'boxes')}. Each is a link to the image in the table."
    picture = element(
        "svg",
        element("g", *edges, class_="edges", aria_hidden="true"),
        *drawn_boxes,
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="group",
        aria_label=label,
        class_="graph",
    )
    return element("div", picture, class_="scroll", tabindex="0", role="region", aria_label="Graph")


def _placed(drawn: Drawing) -> tuple[dict[str, tuple[float, float, float]], int, int]:
    """Return left, top and width of every box, and the size of it all."""
    places: dict[str, tuple[float, float, float]] = {}
    tall = max((len(column) for column in drawn.columns), default=0) * (LINE + GAP_Y)
    x = float(PAD)
    for column in drawn.columns:
        wide = max(_width(box) for box in column)
        y = PAD + (tall - len(column) * (LINE + GAP_Y)) / 2
        for box in column:
            places[box.name] = (x, y, wide)
            y += LINE + GAP_Y
        x += wide + GAP_X
    return places, round(x - GAP_X + PAD), tall + 2 * PAD


def _width(box: Box) -> float:
    return PAD * 2 + LETTER * (len(_cut(box.text)) + 4)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _edge(parent: tuple[float, float, float], child: tuple[float, float, float]) -> Html:
    x1, y1, x2, y2 = parent[0] + parent[2], parent[1] + LINE / 2, child[0], child[1] + LINE / 2
    bend = max(30.0, (x2 - x1) / 2)
    return element("path", d=f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")


def _node(
    box: Box, place: tuple[float, float, float], first: ImageReport, ids: Mapping[str, str], critical: set[str]
) -> Html:
    x, y, wide = place
    star = "★ " if critical.intersection(box.images) else ""
    shape = element("rect", x=x, y=y, width=wide, height=LINE, rx=4)
    label = element("text", f"{SIGNS.get(box.state, '·')} {star}{_cut(box.text)}", x=x + PAD, y=y + LINE * 0.68)
    told = element("title", "\n".join(_told(box, first)))
    class_ = f"box s-{kind(box.state)}{' critical' if star else ''}"
    parts = (told, shape, label)
    if box.name in ids:
        return element("a", *parts, href=f"#{ids[box.name]}", class_=class_)
    return element("g", *parts, class_=class_)


def _told(box: Box, first: ImageReport) -> Iterator[str]:
    yield f"{listed(box.images, 40)}: {status(first)}"
    if first.reasons and len(box.images) == 1:
        yield reasons(first.reasons)
