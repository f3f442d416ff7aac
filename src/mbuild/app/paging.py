"""From a report and what was noted during a run to the page that ``--report`` writes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

from mbuild import __version__
from mbuild.app.past import Forecast
from mbuild.app.sizes import Sizes, places_of, with_sizes
from mbuild.app.workspace import Snapshot
from mbuild.context.full import Size
from mbuild.errors import ExitCode, MbuildError, Problem
from mbuild.graph.node import Graph
from mbuild.graph.outline import Place
from mbuild.output.page.model import Excerpt, Page
from mbuild.output.page.timeline import timeline, turns
from mbuild.output.recording import Recording
from mbuild.output.report import Done, ImageReport, Report
from mbuild.schedule.estimate import course
from mbuild.schedule.plan import BUILD, Plan
from mbuild.values import replace

BEFORE, AFTER = 3, 5
"""Lines of a Dockerfile that are shown around the one that failed."""
MOST_FILES = 1_000_000
"""So many files of context roots are counted for a plan, some ten seconds; a run counts all, beside the builds."""


def plan_page(report: Report, plan: Plan, expected: Forecast, graph: Graph, sizes: Sizes) -> Page:
    """Return the page of a plan: its timeline is the one that earlier builds let expect."""
    known = course(plan, expected.seconds, report.jobs) if expected.known else ()
    found, unmeasured = _measured(report, graph, sizes)
    line = timeline(known, _parents(report), predicted=True)
    return Page(found, _now(), __version__, line, unmeasured=unmeasured)


def run_page(report: Report, snapshot: Snapshot, recording: Recording, ended: tuple[Problem, ...] = ()) -> Page:
    """Return the page of a run. ended: what ended it before its time."""
    line = timeline(turns(recording.moments, report.seconds or 0.0), _parents(report), recording.moments)
    found = dict(_excerpts(report, snapshot))
    return Page(report, _now(), __version__, line, recording.steps, recording.steps_ended, found, ended)


def stopped(code: ExitCode) -> tuple[Problem, ...]:
    """Return what to say of a run that was stopped; () of one that came to its end."""
    if code not in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        return ()
    word = "interrupted" if code == ExitCode.INTERRUPTED else "terminated"
    return (Problem(f"this run was {word}: what was not done by then is cancelled"),)


def broken(report: Report, recording: Recording) -> Report:
    """Return the report of a run that broke: how images ended is known from what was noted alone."""
    ends = {each.image: each for each in recording.moments if each.what == "ended"}
    begun = {each.image: each.at for each in recording.moments if each.what == "begun"}

    def done(each: ImageReport) -> Done | None:
        if each.action not in ("build", "reuse"):
            return None
        if each.name not in ends:
            return Done("cancelled", 0.0)
        end = ends[each.name]
        return Done(end.status, end.at - begun.get(each.name, end.at), error=end.error or None)

    seconds = max((each.at for each in recording.moments), default=0.0)
    return replace(report, images=tuple(replace(each, done=done(each)) for each in report.images), seconds=seconds)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


def _parents(report: Report) -> Mapping[str, tuple[str, ...]]:
    return {each.name: each.parents for each in report.images}


def _measured(report: Report, graph: Graph, sizes: Sizes) -> tuple[Report, int]:
    """Return the report with what plain builds would send, and of how many builds that was too much to count."""
    asked = places_of(graph, [each.name for each in report.images if each.action == BUILD and each.context])
    found = dict(_counted(Counter(place for places in asked.values() for place in places), sizes))
    counted = with_sizes(report, asked, found)
    done = sum(
        1 for each in counted.images if each.name in asked and each.context and each.context.full_files is not None
    )
    return counted, len(asked) - done


def _counted(uses: Mapping[Place, int], sizes: Sizes) -> Iterator[tuple[Place, Size]]:
    """Yield the size of context roots until that is enough: those that most images have, then those deep down."""
    if not sizes.known:
        return
    for place in sorted(uses, key=lambda each: (-uses[each], not each.root, -each.root.count("/"), each.ignore)):
        if sizes.counted < MOST_FILES:
            yield place, sizes.full(place)


def _excerpts(report: Report, snapshot: Snapshot) -> Iterator[tuple[str, Excerpt]]:
    for each in report.images:
        for found in each.done.problems if each.done else ():
            where = found.where
            if where and where.line and where.file == each.dockerfile:
                lines = _lines(snapshot, each.name)
                if where.line <= len(lines):
                    first = max(1, where.line - BEFORE)
                    yield each.name, Excerpt(where.file, first, where.line, lines[first - 1 : where.line + AFTER])
                break


def _lines(snapshot: Snapshot, image: str) -> tuple[str, ...]:
    """Return the lines of an image's Dockerfile, none where it cannot be read any more."""
    try:
        text = snapshot.tree.read(snapshot.graph.nodes[image].dockerfile)
    except (MbuildError, OSError):
        return ()
    return tuple(text.decode("utf-8", "replace").splitlines())
