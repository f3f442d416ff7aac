"""``mbuild affected --list``: only says which images and why. Imports little: machines ask this all the time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mbuild.cli.answering import print_json, question
from mbuild.cli.looking import look_ahead, open_looking
from mbuild.cli.settings import Listing, Settings
from mbuild.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbuild.app.question import Answer
    from mbuild.graph.affected import Reason
    from mbuild.output.report import Report

    Reasons = Mapping[str, tuple[Reason, ...]]


def show(settings: Settings, asked: Listing) -> int:
    """Print which images are affected and why; returns the exit code."""
    if _is_more(asked):
        _check(asked)
    ahead = look_ahead(settings, asked.base, asked.head)
    from mbuild.output import asjson
    from mbuild.output.report import Report, listed

    workspace = open_looking(settings, asked.platforms, ahead, head=asked.head)
    answer = question(workspace, base=asked.base, head=asked.head, missing_base=asked.missing_base)
    reasons = answer.reasons_of(asked.images)
    graph = answer.snapshot.graph
    found = (answer.unowned, answer.affected.removed)
    report = Report("affected", answer.base, answer.head, (), (), *found, listing=True)
    if _is_more(asked):
        report = _with_more(settings, asked, report, answer, reasons)
    summarized = bool(os.environ.get("GITHUB_STEP_SUMMARY"))
    if summarized or asked.format_ != "json":
        report = replace(report, images=listed(graph, reasons))
    if summarized:
        from mbuild.cli.places import write_summary

        write_summary(report)
    if asked.format_ == "json":
        print_json(asjson.listing(report, graph.images, reasons))
    elif asked.format_ == "text":
        from mbuild.output.text import plan_text

        sys.stdout.write(plan_text(report))
    else:
        from mbuild.cli.formats import print_as

        print_as(asked.format_, report)
    return 1 if reasons and asked.exit_code else 0


def _is_more(asked: Listing) -> bool:
    """Tell whether other things are asked for than which images and why."""
    return bool(asked.shards or asked.shard or asked.format_ not in ("text", "json"))


def _check(asked: Listing) -> None:
    from mbuild.cli import formats, parting

    formats.check(asked.format_, looking=True, listing=True)
    parting.check(asked.shards, asked.shard, looking=True)


def _with_more(settings: Settings, asked: Listing, report: Report, answer: Answer, reasons: Reasons) -> Report:
    from mbuild.cli.formats import again
    from mbuild.schedule.shards import split_wanted

    parts = split_wanted(answer.snapshot.graph, reasons, asked.shards) if asked.shards else ()
    flags = [f"--platform={each}" for each in asked.platforms]
    command = again(settings, flags, answer.head.commit if asked.head else None)
    return replace(report, parts=parts, shard=asked.shard, again=command)
