"""The executor with real threads and a fake builder: the seam the design names."""

from __future__ import annotations

import queue
import threading
import time

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


def test_threads_are_used_again() -> None:
    used: set[threading.Thread] = set()

    def work(step: Step) -> Outcome:
        assert threading.current_thread().name == f"image-{step.image}"
        used.add(threading.current_thread())
        return Outcome("built")

    images: dict[str, list[str]] = {f"i{number}": [] for number in range(200)}
    found, _ = execute(plan(**images), work, jobs=3)
    assert found == dict.fromkeys(images, "built")
    assert len(used) <= 3
    for thread in used:
        thread.join(timeout=10)
        assert not thread.is_alive(), "it waits only for a moment"


def test_one_thread_that_waits_is_counted_on_once() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def work(step: Step) -> Outcome:
        if step.image != "first":
            meeting.wait()
        return Outcome("built")

    found, _ = execute(plan(first=[], a=["first"], b=["first"], c=["first"]), work, jobs=3)
    assert set(found.values()) == {"built"}


def test_a_thread_that_was_counted_on_does_not_go(monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[bool] = []

    class Late(queue.Queue[Step]):
        """Whose time runs out just when its thread is counted on."""

        def get(self, block: bool = True, timeout: float | None = None) -> Step:
            if timeout is not None and not late:
                late.append(True)
                while crew._idle:
                    time.sleep(0.001)
                raise queue.Empty
            return super().get(block, timeout)

    crew, threads = Threads(lambda step: Outcome("built")), threading.active_count()
    monkeypatch.setattr("mbuild.schedule.executor.queue.Queue", Late)
    for image in ("a", "b"):
        crew.start(Step(image, BUILD, (), ()))
        found = crew._ended.get(timeout=10)
        assert found is not None
        assert found.image == image
        assert threading.active_count() <= threads + 1
    assert late


@pytest.mark.parametrize("idle", [0.0, 0.0001, 0.001])
def test_no_step_is_left_where_threads_hardly_wait(idle: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbuild.schedule.executor.IDLE_SECONDS", idle)
    threads: set[threading.Thread] = set()

    def work(step: Step) -> Outcome:
        threads.add(threading.current_thread())
        time.sleep(int(step.image[1:]) % 4 * idle)
        return Outcome("built")

    images: dict[str, list[str]] = {f"i{number}": [f"i{number - 7}"] if number > 6 else [] for number in range(400)}
    assert set(execute(plan(**images), work, jobs=4)[0].values()) == {"built"}
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
