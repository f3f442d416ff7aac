"""The scheduler as a state machine: events in, decisions out. No clock, no threads, no builder.

An image is ``waiting`` for its parents, then ``running``, then in one end state and never leaves it. A failed image
skips its descendants and nothing else; after a stop nothing new starts. Of the images that may start, the one that has
the longest way to go to the end of the run comes first.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping

from mbuild.schedule.plan import Plan
from mbuild.values import dataclass, field, replace

WAITING, RUNNING = "waiting", "running"
GOOD = frozenset({"built", "cached", "reused"})
BAD = frozenset({"failed", "skipped", "cancelled"})
FINAL = GOOD | BAD


@dataclass(frozen=True, slots=True)
class Course:
    """What does not change during a run: the children of each image, and by which the images are ordered."""

    children: Mapping[str, tuple[str, ...]]
    rank: Mapping[str, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class State:
    """Where every active image of a plan stands.

    lacking: for each image, how many of its parents are not there yet. free: the waiting images that lack none, in the
             order in which they start. running: how many run. left: how many are in no end state.
    because: names the failed ancestor of a skipped image.
    """

    course: Course
    status: Mapping[str, str]
    lacking: Mapping[str, int]
    free: tuple[str, ...]
    jobs: int
    left: int
    running: int = 0
    fail_fast: bool = False
    stopping: bool = False
    because: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether every image is in an end state."""
        return self.left == 0

    @property
    def failed(self) -> bool:
        """Whether any image failed."""
        return "failed" in self.status.values()


def start(plan: Plan, jobs: int, *, fail_fast: bool = False, remaining: Mapping[str, float] | None = None) -> State:
    """Return the state before anything has run.

    jobs:      how many images may run at once (≥ 1).
    remaining: seconds from the start of each image to the end of the run, if jobs were without limit: the longest goes
               first, and of two alike the one that the plan has first. None: all are alike.
    """
    active = plan.active
    lists: dict[str, list[str]] = {step.image: [] for step in active}
    for step in active:
        for parent in step.parents:
            lists[parent].append(step.image)
    rank = {step.image: (-(remaining or {}).get(step.image, 0.0), number) for number, step in enumerate(active)}
    return State(
        Course({name: tuple(found) for name, found in lists.items()}, rank),
        dict.fromkeys(lists, WAITING),
        {step.image: len(step.parents) for step in active},
        tuple(sorted((step.image for step in active if not step.parents), key=rank.__getitem__)),
        max(1, jobs),
        left=len(active),
        fail_fast=fail_fast,
    )


def ready(state: State) -> tuple[str, ...]:
    """Return the images that may start now, the most urgent first, as many as there are free jobs."""
    return state.free[: state.jobs - state.running]


def started(state: State, image: str) -> State:
    """An image was handed to a worker."""
    assert state.status[image] == WAITING and state.lacking[image] == 0
    at = state.free.index(image)  # mostly the first
    free = state.free[:at] + state.free[at + 1 :]
    return replace(state, status={**state.status, image: RUNNING}, free=free, running=state.running + 1)


def finished(state: State, image: str, status: str) -> State:
    """A running image ended with a status of FINAL."""
    assert state.status[image] == RUNNING
    assert status in FINAL
    changed = {**state.status, image: status}
    state = replace(state, status=changed, running=state.running - 1, left=state.left - 1)
    state = _release_children(state, image) if status in GOOD else _skip_below(state, image)
    return stop(state) if status == "failed" and state.fail_fast else state


def stop(state: State) -> State:
    """Nothing new starts: what waits is cancelled, what runs goes on until its worker reports."""
    changed = {name: "cancelled" if each == WAITING else each for name, each in state.status.items()}
    return replace(state, status=changed, free=(), left=state.running, stopping=True)


def _release_children(state: State, image: str) -> State:
    """Count a parent as there; children that lack no other may start."""
    children = state.course.children[image]
    if not children or state.stopping:
        return state
    lacking, free = dict(state.lacking), list(state.free)
    for child in children:
        lacking[child] -= 1
        if lacking[child] == 0 and state.status[child] == WAITING:
            insort(free, child, key=state.course.rank.__getitem__)
    return replace(state, lacking=lacking, free=tuple(free))


def _skip_below(state: State, image: str) -> State:
    """Skip every waiting descendant. None of them can be running or free: it lacks a parent."""
    status, because = dict(state.status), dict(state.because)
    below = list(state.course.children[image])
    while below:
        name = below.pop()
        if status[name] == WAITING:
            status[name], because[name] = "skipped", image
            below.extend(state.course.children[name])
    skipped = len(because) - len(state.because)
    return replace(state, status=status, because=because, left=state.left - skipped)
