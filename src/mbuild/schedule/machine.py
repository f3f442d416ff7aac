"""The scheduler as a state machine: events in, decisions out. No clock, no threads, no builder.

An image is ``waiting`` for its parents, then ``running``, then in one end state and never leaves it. A failed image
skips its descendants and nothing else; after a stop nothing new starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mbuild.schedule.plan import Plan

WAITING, RUNNING = "waiting", "running"
GOOD = frozenset({"built", "cached", "reused"})
FINAL = GOOD | {"failed", "skipped", "cancelled"}


@dataclass(frozen=True, slots=True)
class State:
    """Where every active image of a plan stands. ``because`` names the failed ancestor of a skipped image."""

    plan: Plan
    status: Mapping[str, str]
    jobs: int
    fail_fast: bool = False
    stopping: bool = False
    because: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether every image is in an end state."""
        return all(each in FINAL for each in self.status.values())

    @property
    def failed(self) -> bool:
        """Whether any image failed."""
        return "failed" in self.status.values()


def start(plan: Plan, jobs: int, *, fail_fast: bool = False) -> State:
    """Return the state before anything has run. jobs: how many images may run at once (≥ 1)."""
    return State(plan, {step.image: WAITING for step in plan.active}, max(1, jobs), fail_fast)


def ready(state: State) -> tuple[str, ...]:
    """Return the images that may start now, in the plan's order, as many as there are free jobs."""
    if state.stopping:
        return ()
    free = state.jobs - sum(1 for each in state.status.values() if each == RUNNING)
    can = [
        step.image
        for step in state.plan.active
        if state.status[step.image] == WAITING and all(state.status[parent] in GOOD for parent in step.parents)
    ]
    return tuple(can[: max(0, free)])


def started(state: State, image: str) -> State:
    """An image was handed to a worker."""
    assert state.status[image] == WAITING
    return replace(state, status={**state.status, image: RUNNING})


def finished(state: State, image: str, status: str) -> State:
    """A running image ended with a status of FINAL."""
    assert state.status[image] == RUNNING
    assert status in FINAL
    changed, because = {**state.status, image: status}, dict(state.because)
    if status not in GOOD:
        _skip_below(state.plan, changed, because, image)
    state = replace(state, status=changed, because=because)
    return stop(state) if status == "failed" and state.fail_fast else state


def stop(state: State) -> State:
    """Nothing new starts: what waits is cancelled, what runs goes on until its worker reports."""
    changed = {name: "cancelled" if each == WAITING else each for name, each in state.status.items()}
    return replace(state, status=changed, stopping=True)


def _skip_below(plan: Plan, status: dict[str, str], because: dict[str, str], image: str) -> None:
    """Skip every waiting descendant; the plan's order has parents before children, so one pass is enough."""
    lost = {image}
    for step in plan.active:
        if status[step.image] == WAITING and lost.intersection(step.parents):
            lost.add(step.image)
            status[step.image] = "skipped"
            because[step.image] = image
