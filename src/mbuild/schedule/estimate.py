"""How long images will take, judged by how long they took; what follows from it for order and end. Pure.

An estimate is for people and for the order of work. It decides nothing else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from mbuild.schedule import machine
from mbuild.schedule.plan import BUILD, Plan
from mbuild.store.builds import Build
from mbuild.values import dataclass

LAST = 5
"""How many builds an estimate takes into account: old ones are of another image."""
UNKNOWN_SECONDS = 1.0
"""What an image counts for where nothing is known of any image: then the longest chain goes first."""


def estimates(builds: Mapping[str, Sequence[Build]]) -> dict[str, float]:
    """Return the seconds that a build of each image is likely to take; images of which nothing is known are left out.

    builds: of each image, newest first. The median of the last ones that were really built counts; those that came
    whole out of the builder's cache only where there are no others.
    """
    found = {}
    for image, rows in builds.items():
        for result in ("built", "cached"):
            seconds = [each.seconds for each in rows if each.result == result][:LAST]
            if seconds:
                found[image] = median(seconds)
                break
    return found


def median(seconds: Iterable[float]) -> float:
    """Return the median of some values. The library is imported where builds are known, which is not the first time."""
    import statistics

    return statistics.median(seconds)


@dataclass(frozen=True, slots=True)
class Costs:
    """What building images takes, in seconds. known: by image; usual: of every other image, None where nobody knows."""

    known: Mapping[str, float]
    usual: float | None

    def of(self, image: str) -> float:
        """Return what an image takes; 0 where nobody knows."""
        return self.known.get(image, self.usual or 0.0)

    def sum(self, images: Iterable[str]) -> float | None:
        """Return what images take one after the other, None where nobody knows."""
        return None if self.usual is None else sum(map(self.of, images))


def costs(known: Mapping[str, float]) -> Costs:
    """Return what images take as ``estimates`` says; all others count as the median of these."""
    return Costs(known, median(known.values()) if known else None)


def complete(plan: Plan, known: Mapping[str, float]) -> dict[str, float]:
    """Return seconds for every active image. Unknown ones count as the median of the known; a reuse takes no time."""
    usual = median(known.values()) if known else UNKNOWN_SECONDS
    return {step.image: known.get(step.image, usual) if step.action == BUILD else 0.0 for step in plan.active}


def remaining(plan: Plan, seconds: Mapping[str, float]) -> dict[str, float]:
    """Return for every active image how long it takes from its start to the end of its longest chain of descendants."""
    below: dict[str, float] = {}
    found: dict[str, float] = {}
    for step in reversed(plan.active):
        found[step.image] = seconds[step.image] + below.get(step.image, 0.0)
        for parent in step.parents:
            below[parent] = max(below.get(parent, 0.0), found[step.image])
    return found


@dataclass(frozen=True, slots=True)
class Turn:
    """When an image is at work, in seconds since the run began. after: the image whose end let it begin, or ""."""

    image: str
    begun: float
    ended: float
    after: str = ""


def course(plan: Plan, seconds: Mapping[str, float], jobs: int) -> tuple[Turn, ...]:
    """Return how the run goes when every image takes what is estimated: the scheduler's own course, played."""
    state = machine.start(plan, jobs, remaining=remaining(plan, seconds))
    now, last, running = 0.0, "", list[tuple[float, str]]()
    turns: list[Turn] = []
    while not state.done:
        for image in machine.ready(state):
            state = machine.started(state, image)
            turns.append(Turn(image, now, now + seconds[image], last))
            heapq.heappush(running, (turns[-1].ended, image))
        now, last = heapq.heappop(running)
        state = machine.finished(state, last, "built")
    return tuple(turns)


def makespan(plan: Plan, seconds: Mapping[str, float], jobs: int) -> float:
    """Return how long the run takes when every image takes what is estimated."""
    return max((each.ended for each in course(plan, seconds, jobs)), default=0.0)
