"""What is noted of a run."""

from __future__ import annotations

from mbuild.events import Event, ImageDone, ImageStarted, LogLine, Retrying, Sent, Step, StepDone
from mbuild.output.recording import MOST_STEPS, Moment, Recorder, StepTime


def recorded(*timed: tuple[float, Event]) -> Recorder:
    """Return a recorder that was told of events at these times."""
    now = [100.0]
    found = Recorder(lambda: now[0])
    for at, event in timed:
        now[0] = 100.0 + at
        found.show(event)
    return found


def test_moments_of_images() -> None:
    found = recorded(
        (0, ImageStarted("a", "build")),
        (1, Retrying("a", 1, 0.5, "reset")),
        (3, ImageDone("a", "failed", 3.0, "no")),
        (3, ImageDone("b", "skipped", 0.0, "'a' was not built")),
    ).recording()
    assert found.moments == (
        Moment("a", "begun", 0),
        Moment("a", "again", 1, error="reset"),
        Moment("a", "ended", 3, "failed", "no"),
        Moment("b", "ended", 3, "skipped", "'a' was not built"),
    )


def test_steps_of_images_side_by_side() -> None:
    found = recorded(
        (0, Step("a", "1", "RUN x")),
        (1, Step("b", "1", "RUN y")),
        (2, StepDone("b", "1", cached=True)),
        (5, StepDone("a", "1", error="no")),
        (5, StepDone("a", "7")),
    ).recording()
    assert found.steps == (StepTime(5, "a", "RUN x", failed=True), StepTime(1, "b", "RUN y", cached=True))
    assert found.steps_ended == 2


def test_a_step_that_was_cut_off_is_forgotten() -> None:
    found = recorded(
        (0, Step("a", "1", "RUN x")),
        (1, Retrying("a", 1, 0, "no")),
        (2, Step("a", "1", "RUN x")),
        (3, StepDone("a", "1")),
    )
    assert found.recording().steps == (StepTime(1, "a", "RUN x"),)


def test_only_the_slowest_steps_are_kept_and_no_log() -> None:
    timed: list[tuple[float, Event]] = []
    for index in range(500):
        begun = index * 1000.0
        timed += [(begun, Step("a", str(index), f"RUN {index}")), (begun, LogLine("a", str(index), "x" * 10_000))]
        timed += [(begun + index % 97, StepDone("a", str(index))), (begun, Sent("a", index))]
    found = recorded(*timed).recording()
    assert len(found.steps) == MOST_STEPS
    assert found.steps_ended == 500
    seconds = [each.seconds for each in found.steps]
    assert seconds == sorted(seconds, reverse=True)
    assert min(seconds) >= max(index % 97 for index in range(97)) - 10
