"""The table of the slowest steps."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.output.page.images import link
from mbuild.output.page.markup import NOTHING, Html, element
from mbuild.output.page.model import Page
from mbuild.output.recording import StepTime
from mbuild.output.words import count, duration

LEAST_SECONDS = 0.05
"""A step that took less is of no interest, unless there are few of others."""
FEWEST = 10


def steps(page: Page, ids: Mapping[str, str]) -> Html:
    """Return the section; nothing where no step was told of."""
    shown = page.steps[: max(FEWEST, sum(1 for each in page.steps if each.seconds >= LEAST_SECONDS))]
    if not shown:
        return NOTHING
    others = (element("th", text, scope="col") for text in ("Step", "Image", "How it ended"))
    head = element("tr", element("th", "Took", scope="col", class_="n"), *others)
    about = f"{count(len(shown), 'step')} of {page.steps_ended:,}, the slowest first, as they looked from outside."
    rows = [_row(each, ids) for each in shown]
    table = element("table", element("caption", about), element("thead", head), element("tbody", *rows), class_="wide")
    return element(
        "section",
        element("h2", "Slowest steps", id="h-steps"),
        element("div", table, class_="scroll", tabindex="0", role="region", aria_label="Slowest steps"),
        aria_labelledby="h-steps",
        id="steps",
    )


def _row(each: StepTime, ids: Mapping[str, str]) -> Html:
    how = "failed" if each.failed else "from the cache" if each.cached else "done"
    return element(
        "tr",
        element("td", duration(each.seconds), class_="n"),
        element("td", element("code", each.name)),
        element("td", link(each.image, ids), class_="name"),
        element("td", how),
    )
