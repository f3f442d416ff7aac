"""The scheduler's state machine, on hand-made and on random graphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.schedule import machine
from mbuild.schedule.plan import BUILD, NONE, Plan, Step


def plan(**parents: list[str]) -> Plan:
    return Plan(tuple(Step(name, BUILD, (), tuple(found)) for name, found in parents.items()))


def run_all(state: machine.State, results: dict[str, str]) -> tuple[machine.State, list[str]]:
    order: list[str] = []
    while not state.done:
        for image in machine.ready(state):
            state = machine.started(state, image)
            order.append(image)
        running = [name for name, status in state.status.items() if status == machine.RUNNING]
        if not running:
            break
        state = machine.finished(state, running[0], results.get(running[0], "built"))
    return state, order


def test_parents_run_before_children() -> None:
    state, order = run_all(machine.start(plan(base=[], api=["base"], web=["base"]), 4), {})
    assert order[0] == "base"
    assert set(order[1:]) == {"api", "web"}
    assert state.done


def test_no_more_than_jobs_run_at_once() -> None:
    state = machine.start(plan(a=[], b=[], c=[]), 2)
    assert machine.ready(state) == ("a", "b")
    state = machine.started(state, "a")
    assert machine.ready(state) == ("b",)
    state = machine.started(state, "b")
    assert machine.ready(state) == ()


def test_a_failed_parent_skips_its_descendants_and_nothing_else() -> None:
    state, _ = run_all(machine.start(plan(a=[], b=["a"], c=["b"], d=[]), 1), {"a": "failed"})
    assert dict(state.status) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "built"}
    assert state.because == {"b": "a", "c": "a"}
    assert state.failed


def test_a_failure_elsewhere_does_not_stop_a_running_image() -> None:
    state = machine.start(plan(a=[], b=[]), 2, fail_fast=True)
    state = machine.started(machine.started(state, "a"), "b")
    state = machine.finished(state, "a", "failed")
    assert state.status["b"] == machine.RUNNING
    assert machine.finished(state, "b", "built").done


def test_fail_fast_cancels_what_waits() -> None:
    state, order = run_all(machine.start(plan(a=[], b=[], c=["b"]), 1, fail_fast=True), {"a": "failed"})
    assert order == ["a"]
    assert dict(state.status) == {"a": "failed", "b": "cancelled", "c": "cancelled"}


def test_nothing_starts_after_a_stop() -> None:
    state = machine.stop(machine.start(plan(a=[], b=["a"]), 4))
    assert machine.ready(state) == ()
    assert state.done
    assert not state.failed


def test_steps_that_do_nothing_are_no_part_of_the_run() -> None:
    steps = (Step("a", NONE, (), ()), Step("b", BUILD, (), ()))
    assert dict(machine.start(Plan(steps), 1).status) == {"b": machine.WAITING}


def test_jobs_are_at_least_one() -> None:
    assert machine.ready(machine.start(plan(a=[]), 0)) == ("a",)


def test_an_image_cannot_end_before_it_started() -> None:
    with pytest.raises(AssertionError):
        machine.finished(machine.start(plan(a=[]), 1), "a", "built")


@st.composite
def graphs(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(1, 12))
    steps = []
    for index in range(count):
        parents = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        steps.append(Step(f"i{index}", BUILD, (), tuple(f"i{each}" for each in sorted(parents))))
    return Plan(tuple(steps))


@given(graphs(), st.integers(1, 4), st.booleans(), st.data())
def test_every_image_ends_once_and_never_before_its_parents(
    each: Plan, jobs: int, fail_fast: bool, data: st.DataObject
) -> None:
    state = machine.start(each, jobs, fail_fast=fail_fast)
    parents = {step.image: step.parents for step in each.steps}
    ended: list[str] = []
    while not state.done:
        for image in machine.ready(state):
            assert all(state.status[parent] in machine.GOOD for parent in parents[image])
            state = machine.started(state, image)
        running = [name for name, status in state.status.items() if status == machine.RUNNING]
        assert 1 <= len(running) <= jobs
        image = data.draw(st.sampled_from(running))
        ended.append(image)
        state = machine.finished(state, image, data.draw(st.sampled_from(["built", "cached", "failed", "cancelled"])))
    assert len(ended) == len(set(ended))
    assert set(state.status.values()) <= machine.FINAL
    for name, status in state.status.items():
        if status == "skipped":
            assert any(state.status[parent] not in machine.GOOD for parent in parents[name])
