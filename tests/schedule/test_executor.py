"""The executor with real threads and a fake builder: the seam the design names."""

from __future__ import annotations

import threading

import pytest

from mbuild.errors import EnvironmentFault
from mbuild.events import Event, ImageDone, ImageStarted
from mbuild.schedule.executor import Executor, Outcome, Threads, Work
from mbuild.schedule.plan import BUILD, Plan, Step


def plan(**parents: list[str]) -> Plan:
    return Plan(tuple(Step(name, BUILD, (), tuple(found)) for name, found in parents.items()))


def execute(each: Plan, work: Work, *, jobs: int = 2, fail_fast: bool = False) -> tuple[dict[str, str], list[Event]]:
    events: list[Event] = []
    stopped: list[bool] = []
    executor = Executor(
        each, Threads(work), events.append, jobs=jobs, fail_fast=fail_fast, stop=lambda: stopped.append(True)
    )
    outcomes = executor.run()
    return {name: outcome.status for name, outcome in outcomes.items()}, events


def test_runs_everything_and_reports_each_image_once() -> None:
    found, events = execute(plan(a=[], b=["a"], c=["a"]), lambda step: Outcome("built"))
    assert found == {"a": "built", "b": "built", "c": "built"}
    done = [event.image for event in events if isinstance(event, ImageDone)]
    assert sorted(done) == ["a", "b", "c"]
    assert next(event.image for event in events if isinstance(event, ImageStarted)) == "a"


def test_works_on_as_many_images_at_once_as_jobs_say() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def work(step: Step) -> Outcome:
        meeting.wait()
        return Outcome("built")

    found, _ = execute(plan(a=[], b=[], c=[]), work, jobs=3)
    assert set(found.values()) == {"built"}


def test_a_failure_is_told_to_its_descendants() -> None:
    found, events = execute(plan(a=[], b=["a"], c=[]), lambda step: Outcome("failed" if step.image == "a" else "built"))
    assert found == {"a": "failed", "b": "skipped", "c": "built"}
    assert [event.error for event in events if isinstance(event, ImageDone) and event.image == "b"] == [
        "'a' was not built"
    ]


def test_fail_fast_stops_what_runs() -> None:
    stopped = threading.Event()

    def work(step: Step) -> Outcome:
        if step.image == "a":
            return Outcome("failed")
        return Outcome("cancelled" if stopped.wait(10) else "built")

    each = plan(a=[], b=[], c=[])
    executor = Executor(each, Threads(work), lambda event: None, jobs=2, fail_fast=True, stop=stopped.set)
    assert {name: outcome.status for name, outcome in executor.run().items()} == {
        "a": "failed",
        "b": "cancelled",
        "c": "cancelled",
    }


def test_an_interrupt_cancels_what_runs_and_what_waits() -> None:
    stopped = threading.Event()

    def work(step: Step) -> Outcome:
        executor.interrupt()
        return Outcome("cancelled" if stopped.wait(10) else "built")

    executor = Executor(
        plan(a=[], b=["a"]), Threads(work), lambda event: None, jobs=1, fail_fast=False, stop=stopped.set
    )
    assert {name: outcome.status for name, outcome in executor.run().items()} == {"a": "cancelled", "b": "cancelled"}


def test_an_error_in_a_worker_stops_the_run_and_is_raised() -> None:
    started: list[str] = []

    def work(step: Step) -> Outcome:
        started.append(step.image)
        raise EnvironmentFault("the daemon went away")

    with pytest.raises(EnvironmentFault, match="went away"):
        execute(plan(a=[], b=["a"], c=["a"]), work, jobs=1)
    assert started == ["a"]


def test_waiting_for_slow_work_does_not_lose_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbuild.schedule.executor.POLL_SECONDS", 0.01)
    finished = threading.Event()
    threading.Timer(0.1, finished.set).start()

    def work(step: Step) -> Outcome:
        finished.wait(10)
        return Outcome("built")

    assert execute(plan(a=[]), work)[0] == {"a": "built"}
