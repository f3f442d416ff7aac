"""How a building command ends: the answer on stdout, in files that are named, and where a CI provider looks for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from mbuild.cli import formats, places
from mbuild.cli.answering import as_text, print_json
from mbuild.cli.paging import Paging, beside
from mbuild.cli.settings import BuildOptions
from mbuild.output.asjson import as_json
from mbuild.output.deploy import FORMATS, deployed
from mbuild.output.report import Report
from mbuild.output.text import result_text
from mbuild.schedule.machine import BAD


def finish(report: Report, options: BuildOptions, noted: Paging) -> None:
    """Write the result of a run to the files that are named, and print it."""
    with beside(noted.file, lambda: noted.page(report)):
        _finish(report, options)


def _finish(report: Report, options: BuildOptions) -> None:
    if options.metadata and options.metadata_format == "json":
        places.write_whole(Path(options.metadata), as_text(as_json(report)))
    elif options.metadata and not any(each.done and each.done.status in BAD for each in report.images):
        # Of a run that failed there is nothing to deploy.
        places.write_whole(Path(options.metadata), FORMATS[options.metadata_format](deployed(report)))
    places.write_run_outputs(report)
    if options.junit:
        places.write_junit(options.junit, report)
    show(result_text, report, options.format_)


def show(text: Callable[[Report], str], report: Report, format_: str) -> None:
    """Print a report: as text, as JSON, or in a format for another program."""
    places.write_summary(report)
    if format_ == "json":
        print_json(as_json(report))
    elif format_ == "text":
        sys.stdout.write(text(report))
    else:
        formats.print_as(format_, report)
