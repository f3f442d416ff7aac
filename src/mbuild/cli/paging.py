"""``--report``: a page on a plan or a run, as a file."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.cli import places
from mbuild.errors import ExitCode, MbuildError, Problem
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.app.past import Forecast
    from mbuild.app.workspace import Snapshot
    from mbuild.cli.job import Job
    from mbuild.events import Emit, Event
    from mbuild.output.page.model import Page
    from mbuild.output.recording import Recorder
    from mbuild.output.report import Report
    from mbuild.schedule.plan import Plan


def write(file: str, page: Page) -> None:
    """Write a page, all of it or nothing."""
    from mbuild.output.page.render import render

    places.write_whole(Path(file), render(page))


@contextlib.contextmanager
def beside(file: str | None, page: Callable[[], Page]) -> Iterator[None]:
    """Write a page, where a file is named, after everything else was written, and also if that fails."""
    try:
        yield
    finally:
        if file:
            write(file, page())


def of_plan(job: Job, report: Report, plan: Plan, expected: Forecast) -> Page:
    """Return the page of a dry run."""
    from mbuild.app.paging import plan_page
    from mbuild.app.sizes import Sizes

    snapshot = job.wanted.snapshot
    return plan_page(report, plan, expected, snapshot.graph, Sizes(job.workspace, snapshot.tree))


@dataclass(slots=True)
class Paging:
    """Takes note of a run, where a page is asked for.

    file: where to; None: nowhere. ended: what ended the run before its time.
    """

    file: str | None
    snapshot: Snapshot
    recorder: Recorder | None = None
    ended: tuple[Problem, ...] = field(default=())

    def listening(self, emit: Emit) -> Emit:
        """Return what hands on events, and takes note of them."""
        if self.file is None:
            return emit
        from mbuild.output.recording import Recorder

        recorder = self.recorder = Recorder(time.monotonic)

        def both(event: Event) -> None:
            recorder.show(event)
            emit(event)

        return both

    def stopped(self, code: ExitCode) -> None:
        """Take note of the exit code of the run."""
        if self.file:
            from mbuild.app.paging import stopped

            self.ended = stopped(code)

    def page(self, report: Report) -> Page:
        """Return the page of a run that came to its end."""
        from mbuild.app.paging import run_page
        from mbuild.output.recording import Recording

        recording = self.recorder.recording() if self.recorder else Recording()
        return run_page(report, self.snapshot, recording, self.ended)

    @contextlib.contextmanager
    def surviving(self, report: Report) -> Iterator[None]:
        """Write the page of a run that breaks: what came before is worth to be known."""
        try:
            yield
        except MbuildError as error:
            if self.file and self.recorder:
                from mbuild.app.paging import broken

                self.ended = error.problems
                with contextlib.suppress(MbuildError):
                    write(self.file, self.page(broken(report, self.recorder.recording())))
            raise
