"""The timeline: a table with a bar in each row, so that it is read as well as seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mbuild.errors import and_more
from mbuild.output.page.images import link
from mbuild.output.page.markup import NOTHING, Html, element, joined
from mbuild.output.page.model import Page
from mbuild.output.page.status import badge, kind, status
from mbuild.output.page.timeline import Bar, Timeline
from mbuild.output.words import count, duration

MOST_BARS = 100
"""Rows of the timeline. Where more images ran, those that the run waited for, that failed and that took longest."""
MOST_LINKS = 20
"""Images of the critical path that are named."""


def gantt(page: Page, ids: Mapping[str, str]) -> Html:
    """Return the section."""
    line = page.timeline
    pieces = _timeline(page, line, ids) if line else [element("p", _why_none(page))]
    return element(
        "section", element("h2", "Timeline", id="h-timeline"), *pieces, aria_labelledby="h-timeline", id="timeline"
    )


def _why_none(page: Page) -> str:
    if any(each.action == "build" for each in page.report.images):
        return "None of these images was built before, so nothing is known of how long they take."
    return "Nothing ran."


def _timeline(page: Page, line: Timeline, ids: Mapping[str, str]) -> Iterator[Html]:
    yield element("p", _about(line))
    yield _paths(line, page, ids)
    states = {each.name: status(each) for each in page.report.images}
    shown = _chosen(line, states)
    if len(shown) < len(line.bars):
        yield _lanes(line, states)
    yield _rows(line, shown, states, ids)


def _about(line: Timeline) -> str:
    if line.predicted:
        return (
            f"Expected, judged by earlier builds: {duration(line.seconds)} with {count(line.workers, 'image')} at once."
            " Images without a past count as the median of the others."
        )
    return f"{duration(line.seconds)}, at most {count(line.workers, 'image')} at once."


def _paths(line: Timeline, page: Page, ids: Mapping[str, str]) -> Html:
    parents = {each.name: each.parents for each in page.report.images}
    bars = {each.turn.image: each for each in line.bars}
    waits = "will wait" if line.predicted else "waited"
    chain = joined((link(name, ids) for name in line.chain), " → ")
    return element(
        "div",
        element("p", element("b", "Critical path"), f": what this run {waits} for, each when the one before it ended."),
        element("ol", *_links(line, bars, parents, ids), class_="path"),
        element(
            "p",
            element("b", "Longest chain of parents"),
            f": {duration(line.chain_seconds)}, which no number of workers shortens: ",
            chain,
        ),
    )


def _links(
    line: Timeline, bars: Mapping[str, Bar], parents: Mapping[str, Sequence[str]], ids: Mapping[str, str]
) -> Iterator[Html]:
    path = line.critical
    for name in path[:MOST_LINKS]:
        bar = bars[name]
        before = bar.turn.after
        waited = f", after {'its parent ' if before in parents.get(name, ()) else ''}{before}" if before else ""
        free = "" if not before or before in parents.get(name, ()) else " made room"
        yield element("li", link(name, ids), f" {duration(bar.seconds)}", element("small", waited, free))
    left = path[MOST_LINKS:]
    if left:
        yield element("li", f"{and_more(len(left))}, {duration(sum(bars[name].seconds for name in left))}")


def _chosen(line: Timeline, states: Mapping[str, str]) -> list[Bar]:
    """Return the bars that get a row, in the order in which they began."""
    critical = set(line.critical)
    ranked = sorted(
        line.bars,
        key=lambda bar: (states.get(bar.turn.image) != "failed", bar.turn.image not in critical, -bar.seconds),
    )
    kept = {bar.turn.image for bar in ranked[:MOST_BARS]}
    return [bar for bar in line.bars if bar.turn.image in kept]


def _rows(line: Timeline, shown: Sequence[Bar], states: Mapping[str, str], ids: Mapping[str, str]) -> Html:
    head = element(
        "tr",
        element("th", "Image", scope="col"),
        element("th", element("span", "When", class_="unseen"), _axis(line.seconds), scope="col", class_="when"),
        *(element("th", text, scope="col", class_="n") for text in ("Took", "From", "Worker")),
    )
    some = (
        f"{len(shown)} of {count(len(line.bars), 'image')}: failures, then the critical path, then what took longest. "
    )
    again = " ↻: tried again." if any(bar.again for bar in shown) else ""
    which = some if len(shown) < len(line.bars) else ""
    caption = element("caption", f"{which}★ and a thick bar: on the critical path.{again}")
    rows = [_row(bar, line, states.get(bar.turn.image, ""), ids) for bar in shown]
    table = element("table", caption, element("thead", head), element("tbody", *rows), class_="gantt")
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label="Timeline")


def _row(bar: Bar, line: Timeline, state: str, ids: Mapping[str, str]) -> Html:
    turn, critical = bar.turn, bar.turn.image in line.critical
    star = element("span", "★ ", title="on the critical path") if critical else NOTHING
    again = f" ↻ {len(bar.again)}" if bar.again else ""
    return element(
        "tr",
        element("th", star, link(turn.image, ids), " ", badge(state) if kind(state) != "built" else None, scope="row"),
        element("td", _bar(bar, line.seconds, f"s-{kind(state)}{' critical' if critical else ''}"), class_="when"),
        element("td", f"{duration(bar.seconds)}{again}", class_="n"),
        element("td", duration(turn.begun), class_="n"),
        element("td", str(bar.worker), class_="n"),
        class_="critical" if critical else None,
    )


def _bar(bar: Bar, whole: float, class_: str) -> Html:
    marks = [_rect(at, at, whole, "again", "100%") for at in bar.again]
    y, height = ("0", "100%") if "critical" in class_ else ("25%", "50%")
    box = _rect(bar.turn.begun, bar.turn.ended, whole, f"bar {class_}", height, y)
    return element("svg", *_grid(whole), box, *marks, class_="bars", aria_hidden="true")


def _rect(begun: float, ended: float, whole: float, class_: str, height: str, y: str = "0") -> Html:
    x, width = _percent(begun, whole), _percent(ended - begun, whole)
    shown = max(width, 0.3)
    return element("rect", x=f"{min(x, 99.7):.2f}%", width=f"{shown:.2f}%", y=y, height=height, class_=class_, rx=2)


def _percent(value: float, whole: float) -> float:
    return 100 * value / whole if whole > 0 else 0.0


def _ticks(whole: float) -> list[float]:
    """Return round numbers of seconds, some four of them."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
    step = next((each for each in steps if whole / each <= 5), whole / 4)
    return [index * step for index in range(1, int(whole / step) + 1) if index * step < whole * 0.97]


def _grid(whole: float) -> Iterable[Html]:
    for at in _ticks(whole):
        x = f"{_percent(at, whole):.2f}%"
        yield element("line", x1=x, x2=x, y1="0", y2="100%", class_="grid")


def _axis(whole: float) -> Html:
    ticks = [
        element("text", duration(at), x=f"{_percent(at, whole):.2f}%", y="12", text_anchor="middle")
        for at in _ticks(whole)
        if 8 < _percent(at, whole) < 92
    ]
    return element("svg", element("text", "0", x="0", y="12"), *ticks, class_="axis", aria_hidden="true")


def _lanes(line: Timeline, states: Mapping[str, str]) -> Html:
    """Return all of a long run in little space: a row for each worker."""
    height = 100 / line.workers
    critical = set(line.critical)
    boxes = []
    for bar in line.bars:
        class_ = f"bar s-{kind(states.get(bar.turn.image, ''))}{' critical' if bar.turn.image in critical else ''}"
        y, high = f"{(bar.worker - 1) * height + height * 0.1:.2f}%", f"{height * 0.8:.2f}%"
        boxes.append(_rect(bar.turn.begun, bar.turn.ended, line.seconds, class_, high, y))
    label = f"What {count(line.workers, 'worker')} did from begin to end, {count(len(line.bars), 'image')}"
    picture = element(
        "svg", *_grid(line.seconds), *boxes, class_="lanes", role="img", aria_label=label, height=line.workers * 22
    )
    words = f"All {count(len(line.bars), 'image')}, a row for each of {count(line.workers, 'worker')}:"
    return element("figure", element("figcaption", words), picture, _axis(line.seconds))
