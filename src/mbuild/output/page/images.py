"""The table of the images that something happens to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mbuild.errors import and_more
from mbuild.output.page.markup import NOTHING, Html, Piece, element, joined
from mbuild.output.page.model import Page
from mbuild.output.page.status import badge, status
from mbuild.output.report import ContextInfo, ImageReport
from mbuild.output.text import of_interest, reason
from mbuild.output.words import count, duration, size
from mbuild.schedule.machine import BAD

MOST_REASONS = 2
"""So many stand in the table; the others unfold, up to MOST_UNFOLDED."""
MOST_UNFOLDED = 50


def anchors(page: Page) -> dict[str, str]:
    """Return the id of the row of each image in the table. Names have no part in ids."""
    return {each.name: f"i{number}" for number, each in enumerate(of_interest(page.report), 1)}


def link(name: str, ids: Mapping[str, str]) -> Html:
    """Return an image's name, leading to its row where it has one."""
    return element("a", name, href=f"#{ids[name]}") if name in ids else element("span", name)


def images(page: Page, ids: Mapping[str, str]) -> Html:
    """Return the section."""
    shown = of_interest(page.report)
    rest = [each.name for each in page.report.images if each.name not in ids]
    return element(
        "section",
        element("h2", "Images", id="h-images"),
        _table(page, shown, ids) if shown else element("p", "There is nothing to do for any image."),
        _rest(rest) if rest else NOTHING,
        aria_labelledby="h-images",
        id="images",
    )


def _rest(names: Sequence[str]) -> Html:
    summary = element("summary", f"{count(len(names), 'image')} that nothing happens to")
    return element("details", summary, element("p", joined(names, ", "), class_="names"))


def _table(page: Page, shown: Sequence[ImageReport], ids: Mapping[str, str]) -> Html:
    heads = ["Image", "Status", "Why", "Context", "Of", "Time" if _ran(page) else "Expected", "Result"]
    kinds = ["text", "text", None, "number", "number", "number", None]
    head = [element("th", text, scope="col", data_sort=kind) for text, kind in zip(heads, kinds, strict=True)]
    rows = [_row(each, ids) for each in shown]
    about = " “Context” is what the image can read, “of” what a plain docker build would send."
    caption = element("caption", element("b", f"{count(len(shown), 'image')}."), about)
    return _box(
        element(
            "table", caption, element("thead", element("tr", *head)), element("tbody", *rows), class_="wide filter"
        ),
        "Images",
    )


def _box(table: Html, label: str) -> Html:
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)


def _ran(page: Page) -> bool:
    return any(each.done for each in page.report.images)


def _row(each: ImageReport, ids: Mapping[str, str]) -> Html:
    context, seconds = each.context if each.action == "build" else None, _seconds(each)
    return element(
        "tr",
        element("th", each.name, scope="row"),
        element("td", badge(status(each))),
        element("td", why(each), _details(each, ids), class_="why"),
        _held(context),
        _full(context),
        _number(seconds, "" if seconds is None else duration(seconds)),
        element("td", *_result(each)),
        id=ids[each.name],
        tabindex="-1",
    )


def _seconds(each: ImageReport) -> float | None:
    if each.done:
        return each.done.seconds if each.done.status in ("built", "cached", "failed") else None
    return each.estimate_seconds


def _number(value: float | None, text: Piece) -> Html:
    return element("td", text, class_="n", data_v=-1 if value is None else value)


def _held(context: ContextInfo | None) -> Html:
    if context is None:
        return _number(None, "")
    files = element("small", count(context.files, "file"), "" if context.exact else ", not exact")
    return _number(context.bytes, joined([size(context.bytes), element("br"), files]))


def _full(context: ContextInfo | None) -> Html:
    if context is None or context.full_bytes is None:
        return _number(None, "")
    files = element("small", count(context.full_files or 0, "file"))
    share = _share(context.bytes, context.full_bytes)
    return _number(context.full_bytes, joined([size(context.full_bytes), element("br"), files, share]))


def _share(part: int, whole: int) -> Html:
    """Return a bar of what is sent of what could be."""
    width = 0.0 if not whole else min(100.0, 100 * part / whole)
    return element(
        "svg",
        element("rect", width="100%", height="100%", class_="track"),
        element("rect", width=f"{max(width, 1):.0f}%", height="100%", class_="part"),
        class_="share",
        aria_hidden="true",
    )


def why(each: ImageReport) -> Html:
    """Return the first reasons of an image."""
    if not each.reasons:
        return element("span", "no build of it exists" if each.action == "build" else "a build of it exists")
    return joined(element("div", reason(one)) for one in each.reasons[:MOST_REASONS])


def _details(each: ImageReport, ids: Mapping[str, str]) -> Html:
    more = each.reasons[MOST_REASONS:]
    facts = list(_facts(each, ids))
    if more:
        items = [element("li", reason(one)) for one in more[:MOST_UNFOLDED]]
        left = len(more) - MOST_UNFOLDED
        items += [element("li", and_more(left))] if left > 0 else []
        facts.insert(0, element("ul", *items))
    text = f"{count(len(more), 'more reason')}, and details" if more else "details"
    return element("details", element("summary", text), *facts)


def _facts(each: ImageReport, ids: Mapping[str, str]) -> Iterable[Html]:
    target = f", target {each.target}" if each.target else ""
    yield element("p", element("code", each.dockerfile), f" in {each.context_root}{target}")
    if each.parents:
        yield element("p", "uses ", joined((link(name, ids) for name in each.parents), ", "))
    if each.platforms:
        yield element("p", f"for {', '.join(each.platforms)}")
    if each.fingerprint:
        yield element("p", "fingerprint ", element("code", each.fingerprint))
    if each.context:
        yield element("p", "context ", element("code", each.context.digest))
    if each.tags:
        yield element("p", "content tag ", element("code", each.tags[0]))
    if digest := _digest(each):
        yield element("p", "digest ", element("code", digest))
    if each.done and each.done.sent:
        yield element("p", f"{size(each.done.sent)} sent to the builder")


def _result(each: ImageReport) -> Iterable[Html]:
    done = each.done
    if done and done.error:
        yield element("div", done.error.splitlines()[0], class_="error")
        return
    if done and done.pushed:
        yield element("div", f"pushed {', '.join(done.pushed)}")
    elif each.tags and not (done and done.status in BAD):
        yield element("div", ", ".join(each.tags[1:] or each.tags))
    digest = _digest(each)
    if digest:
        yield element("div", element("code", digest[:19]))


def _digest(each: ImageReport) -> str | None:
    return (each.done.digest or each.done.image_id) if each.done else None
