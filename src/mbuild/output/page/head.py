"""The top of the page: what was asked, what it was compared with, and the figures that matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mbuild.errors import and_more
from mbuild.output.page.failures import problem
from mbuild.output.page.markup import Html, Piece, element
from mbuild.output.page.model import Page
from mbuild.output.page.status import badge, status
from mbuild.output.report import ImageReport, Report
from mbuild.output.text import of_interest, plan_head
from mbuild.output.words import count, duration, size

MOST_PATHS = 200


def head(page: Page) -> Html:
    """Return the header."""
    report = page.report
    lines = list(plan_head(report))
    return element(
        "header",
        element("h1", f"mbuild {report.command}", " ", *_plan_note(report)),
        *(element("p", line, class_="compared") for line in lines[:-1]),
        *(element("div", problem(each), class_="ended", role="note") for each in page.ended),
        element("dl", *_figures(page, lines[-1])),
    )


def _plan_note(report: Report) -> Iterator[Html]:
    if not any(each.done for each in report.images):
        yield element("small", "plan: nothing was built")


def _figures(page: Page, counted: str) -> Iterator[Html]:
    report = page.report
    shown = of_interest(report)
    yield _figure("Images", counted)
    yield _figure("Of these", *_states(shown)) if shown else _figure("Of these", "nothing to do")
    yield from _time(report)
    yield from _context(page, shown)
    if report.place:
        yield _figure("Builder", report.builder, element("small", f" into {report.place}"))


def _figure(name: str, *pieces: Piece) -> Html:
    return element("div", element("dt", name), element("dd", *pieces))


def _states(shown: Sequence[ImageReport]) -> Iterator[Piece]:
    words = [status(each) for each in shown]
    for word in sorted(dict.fromkeys(words), key=words.count, reverse=True):
        yield element("div", f"{words.count(word):,} ", badge(word))


def _time(report: Report) -> Iterator[Html]:
    if report.seconds is not None:
        expected = report.estimate_seconds
        said = element("small", f" expected: about {duration(expected)}") if expected is not None else None
        yield _figure("Time", duration(report.seconds), said)
        if report.saved_seconds is not None:
            every = element("small", f" against building all {count(len(report.images), 'image')}")
            yield _figure("Saved", f"about {duration(report.saved_seconds)}", every)
    elif report.estimate_seconds is not None:
        yield _figure("Expected", f"about {duration(report.estimate_seconds)} with {count(report.jobs, 'job')}")


def _context(page: Page, shown: Sequence[ImageReport]) -> Iterator[Html]:
    of_these = [
        each for each in shown if each.action == "build" and (not each.done or each.done.status in ("built", "cached"))
    ]
    contexts = [each.context for each in of_these if each.context and each.context.full_bytes is not None]
    if not contexts and not page.unmeasured:
        return
    if not contexts:
        told = (each.context.bytes for each in of_these if each.context)
        yield _figure("Context", size(sum(told)), element("small", " what plain builds would send was not counted"))
        return
    own, full = sum(each.bytes for each in contexts), sum(each.full_bytes or 0 for each in contexts)
    share = f" instead of {size(full)}{_share(own, full)}"
    note = f"; of {count(page.unmeasured, 'image')} more it was not counted" if page.unmeasured else ""
    yield _figure("Context", size(own), share, element("small", note) if note else None)
    sent = sum(each.done.sent for each in of_these if each.done)
    if sent:
        yield _figure("Sent", size(sent), element("small", " the rest was there already" if sent < own else ""))


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole if whole else 0
    return "" if not whole else f" ({percent:.2g}%)" if percent >= 0.01 else " (less than 0.01%)"


def leftovers(report: Report) -> Iterator[Html]:
    """Yield what changed without a consequence: paths that no image reads, images that are gone."""
    if report.removed:
        yield element("p", f"Removed since the base: {', '.join(report.removed)}")
    if report.unowned:
        paths = [element("li", element("code", each)) for each in report.unowned[:MOST_PATHS]]
        left = len(report.unowned) - MOST_PATHS
        paths += [element("li", and_more(left))] if left > 0 else []
        summary = element("summary", f"{count(len(report.unowned), 'changed path')} that no image reads")
        yield element("details", summary, element("ul", *paths))
