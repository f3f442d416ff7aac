"""``mbuild affected --list``: only says which images and why. Imports little: machines ask this all the time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mbuild.cli.answering import print_json, question
from mbuild.cli.looking import look_ahead, open_looking
from mbuild.cli.settings import OWN_FORMATS, BuildOptions, Listing, Settings
from mbuild.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbuild.app.question import Answer
    from mbuild.graph.affected import Reason
    from mbuild.output.report import Report

    Reasons = Mapping[str, tuple[Reason, ...]]


def show(settings: Settings, asked: Listing) -> int:
    """Print which images are affected and why; returns the exit code."""
    options = asked.options
    if options not in (BuildOptions(format_=each) for each in OWN_FORMATS):
        _check(options)
    ahead = look_ahead(settings, asked.base, asked.head)
    from mbuild.output import asjson
    from mbuild.output.report import Report, listed

    workspace = open_looking(settings, options.platforms, ahead, head=asked.head)
    answer = question(workspace, base=asked.base, head=asked.head, missing_base=asked.missing_base)
    reasons = answer.reasons_of(asked.images)
    graph = answer.snapshot.graph
    found = (answer.unowned, answer.affected.removed)
    report = Report("affected", answer.base, answer.head, (), (), *found, listing=True)
    if options.shards or options.shard or options.format_ not in OWN_FORMATS:
        report = _with_more(settings, asked, report, answer, reasons)
    summarized = bool(os.environ.get("GITHUB_STEP_SUMMARY"))
    if summarized or options.format_ != "json":
        report = replace(report, images=listed(graph, reasons))
    if summarized:
        from mbuild.cli.places import write_summary

        write_summary(report)
    if options.format_ == "json":
        print_json(asjson.listing(report, graph.images, reasons))
    elif options.format_ == "text":
        from mbuild.output.text import plan_text

        sys.stdout.write(plan_text(report))
    else:
        from mbuild.cli.formats import print_as

        print_as(options.format_, report)
    return 1 if reasons and asked.exit_code else 0


def _check(options: BuildOptions) -> None:
    from mbuild.cli import formats, parting
    from mbuild.errors import UsageError
    from mbuild.names import tag_template

    if options.report:
        raise UsageError("--list knows too little for a --report", "--dry-run --report FILE.html writes one")
    for flag, given in (("--metadata", options.metadata), ("--junit", options.junit)):
        if given:
            raise UsageError(f"{flag} is a record of a build, and --list builds nothing", "leave out --list")
    formats.check(options.format_, looking=True, listing=True)
    parting.check(options.shards, options.shard, looking=True)
    for each in options.tags:
        tag_template(each)


def _with_more(settings: Settings, asked: Listing, report: Report, answer: Answer, reasons: Reasons) -> Report:
    from mbuild.cli.formats import again
    from mbuild.schedule.shards import split_wanted

    options = asked.options
    parts = split_wanted(answer.snapshot.graph, reasons, options.shards) if options.shards else ()
    head = answer.head.commit if asked.head else None
    command = again(options.format_, settings, answer.snapshot.top, head, options)
    return replace(report, parts=parts, shard=options.shard, again=command)
