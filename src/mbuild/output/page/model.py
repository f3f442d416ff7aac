"""What a page shows, as a value."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.errors import Problem
from mbuild.output.page.timeline import Timeline
from mbuild.output.recording import StepTime
from mbuild.output.report import Report
from mbuild.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a file around the one that a problem names. first: the number of the first; marked: that of the line."""

    file: str
    first: int
    marked: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is on a page.

    timeline: None where nothing ran and nothing is known of earlier builds. steps: the slowest, of steps_ended.
    excerpts: of the images that failed. ended: how the run ended where it was not by itself: ``interrupted``, or the
    problem that broke it. unmeasured: builds whose full context was not counted. made: when, for people.
    """

    report: Report
    made: str
    version: str
    timeline: Timeline | None = None
    steps: tuple[StepTime, ...] = ()
    steps_ended: int = 0
    excerpts: Mapping[str, Excerpt] = field(default_factory=dict)
    ended: tuple[Problem, ...] = ()
    unmeasured: int = 0
