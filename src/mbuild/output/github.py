"""GitHub Actions' own places: outputs, the step summary, annotations. Pure functions to text.

Source of the formats: docs.github.com, Workflow commands for GitHub Actions.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.errors import and_more, printable
from mbuild.output.words import count, duration, size
from mbuild.schedule.machine import BAD

if TYPE_CHECKING:
    from mbuild.errors import Problem
    from mbuild.output.report import ImageReport, Report

MOST_ROWS = 500
"""A summary may have 1 MiB."""


def outputs_text(values: Mapping[str, str]) -> str:
    """Return what is appended to the file GITHUB_OUTPUT, each value between two lines that are no part of it."""
    return "".join(_output(name, value) for name, value in values.items())


def _output(name: str, value: str) -> str:
    # A text cannot hold its own digest, so no value can end itself and begin another output.
    end = "end-" + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name}<<{end}\n{value}\n{end}\n"


def run_outputs(report: Report) -> dict[str, str]:
    """Return the outputs of a step that has built: the images that took part, those that failed, and digests."""
    done = {each.name: each.done for each in report.images if each.done}
    failed = [name for name, how in done.items() if how.status in BAD]
    digests = {name: how.digest or how.image_id for name, how in done.items() if name not in failed}
    said = {"has_images": bool(done), "images": list(done), "failed": failed, "digests": digests}
    return {key: json.dumps(value) for key, value in said.items()}


def annotation(problem: Problem, kind: str) -> str:
    """Return the command that shows a problem at its place. kind: ``error``, ``warning`` or ``notice``."""
    where = problem.where
    place = {"file": where.file, "line": where.line or "", "col": where.col or ""} if where else {}
    said = {key: _property(str(value)) for key, value in {**place, "title": f"mbuild {kind}"}.items() if value}
    text = "\n".join([problem.message, *(f"hint: {each}" for each in problem.hints)])
    return f"::{kind} {','.join(f'{key}={value}' for key, value in said.items())}::{_data(text)}"


def _data(text: str) -> str:
    """Return text as the message of a command; all but line breaks is shown printable first."""
    lines = [printable(line) for line in text.split("\n")]
    return "%0A".join(line.replace("%", "%25").replace("\r", "%0D") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(report: Report) -> str:
    """Return the answer as Markdown: a table of images with why, context, time and digest."""
    return "\n".join(_summary(report)) + "\n"


def _summary(report: Report) -> Iterator[str]:
    from mbuild.output.text import plan_head

    images = _shown(report)
    yield f"### mbuild {report.command}"
    yield ""
    yield "<br>".join(cell(line) for line in plan_head(report))
    if not images:
        return
    yield ""
    yield "| image | " + ("" if report.listing else "what | ") + "why | context | time | digest |"
    yield "|---|" + ("" if report.listing else "---|") + "---|---|---:|---|"
    for each in images[:MOST_ROWS]:
        yield f"| {' | '.join(_row(each, report))} |"
    if len(images) > MOST_ROWS:
        yield ""
        yield and_more(len(images) - MOST_ROWS)
    yield ""


def _shown(report: Report) -> Sequence[ImageReport]:
    from mbuild.output.text import of_interest

    return of_interest(report)


def _row(each: ImageReport, report: Report) -> list[str]:
    from mbuild.output.text import reasons

    what = [] if report.listing else [each.done.status if each.done else each.action or ""]
    context = each.context
    held = f"{count(context.files, 'file')}, {size(context.bytes)}" if context else ""
    seconds = each.done.seconds if each.done else each.estimate_seconds
    time = "" if seconds is None else duration(seconds) if each.done else f"about {duration(seconds)}"
    digest = (each.done.digest or each.done.image_id or "" if each.done else "").removeprefix("sha256:")[:12]
    why = each.done.error or reasons(each.reasons) if each.done else reasons(each.reasons)
    return [f"<b>{cell(each.name)}</b>", *what, cell(why), held, time, f"<code>{digest}</code>" if digest else ""]


def cell(text: str) -> str:
    """Return text from outside as a cell of a table in which it is neither Markdown nor HTML, nor a mention."""
    return re.sub(r"[^A-Za-z0-9 .,/;=+'-]", lambda each: f"&#{ord(each[0])};", printable(text))
