"""What failed: the problem, the lines of the Dockerfile around it and the last lines of the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mbuild.errors import Problem
from mbuild.output.page.images import link
from mbuild.output.page.markup import NOTHING, Html, element
from mbuild.output.page.model import Excerpt, Page
from mbuild.output.page.status import badge
from mbuild.output.report import Done, ImageReport
from mbuild.output.words import count

_CONTROL = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?)")
"""What a program writes to colour or move (ECMA-48, 5.4: control sequences; operating system commands)."""


def failures(page: Page, ids: Mapping[str, str]) -> Html:
    """Return the section, nothing where nothing failed."""
    failed = [(each, each.done) for each in page.report.images if each.done and each.done.status == "failed"]
    if not failed:
        return NOTHING
    return element(
        "section",
        element("h2", f"{count(len(failed), 'failure')}", id="h-failures"),
        *(_failure(each, done, page, ids) for each, done in failed),
        aria_labelledby="h-failures",
        id="failures",
    )


def problem(found: Problem) -> Html:
    """Return a problem with its hints."""
    hints = [element("p", f"hint: {hint}", class_="hint") for hint in found.hints]
    return element("div", element("p", str(found), class_="error"), *hints)


def _failure(each: ImageReport, done: Done, page: Page, ids: Mapping[str, str]) -> Html:
    problems = [problem(found) for found in done.problems] or [element("p", done.error or "failed", class_="error")]
    excerpt = page.excerpts.get(each.name)
    return element(
        "article",
        element("h3", badge("failed"), " ", link(each.name, ids)),
        *problems,
        _excerpt(excerpt) if excerpt else None,
        _log(each.name, done) if done.log else None,
    )


def _excerpt(found: Excerpt) -> Html:
    rows = []
    for number, line in enumerate(found.lines, found.first):
        marked = number == found.marked
        mark = element("span", "→" if marked else " ", aria_label="here" if marked else None)
        text = element("code", mark, f" {number:4}  {line.expandtabs(4)}", "\n")
        rows.append(element("b", text) if marked else text)
    box = element("pre", *rows, tabindex="0", role="region", aria_label=f"Lines of {found.file}", class_="source")
    return element("div", element("p", element("code", f"{found.file}:{found.marked}")), box)


def _log(name: str, done: Done) -> Html:
    about = element("p", f"The last {count(len(done.log), 'line')} of its log:")
    text = "\n".join(_clean(line) for line in done.log)
    lines = element("code", *_lines(text))
    return element("div", about, element("pre", lines, tabindex="0", role="region", aria_label=f"Log of {name}"))


def _lines(text: str) -> Iterator[str]:
    """Yield line by line: each is cut by itself where it is too long."""
    for line in text.split("\n"):
        yield line
        yield "\n"


def _clean(line: str) -> str:
    """Return a line as a terminal would leave it standing: without colours, and what was written over is gone."""
    return _CONTROL.sub("", line).rstrip("\r").rpartition("\r")[2].expandtabs(8)
