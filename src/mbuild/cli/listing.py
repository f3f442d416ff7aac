"""``mbuild affected --list``: only says which images and why. Imports little: machines ask this all the time."""

from __future__ import annotations

import sys

from mbuild.cli.answering import print_json, question
from mbuild.cli.looking import open_looking
from mbuild.cli.settings import Listing, Settings


def show(settings: Settings, asked: Listing) -> int:
    """Print which images are affected and why; returns the exit code."""
    from mbuild.output.report import Report, as_json, listed

    workspace = open_looking(settings, asked.platforms)
    answer = question(workspace, base=asked.base, head=asked.head, missing_base=asked.missing_base)
    reasons = answer.reasons_of(asked.images)
    images = listed(answer.snapshot.graph, reasons)
    found = (answer.unowned, answer.affected.removed)
    report = Report("affected", answer.base, answer.head, images, (), *found, listing=True)
    if asked.format_ == "json":
        print_json(as_json(report))
    else:
        from mbuild.output.text import plan_text

        sys.stdout.write(plan_text(report))
    return 1 if reasons and asked.exit_code else 0
