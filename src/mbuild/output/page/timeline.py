"""When which image was at work, and which of them the run waited for. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from mbuild.output.recording import Moment
from mbuild.schedule.estimate import Turn
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One image at work. worker: from 1; again: when it was tried again."""

    turn: Turn
    worker: int
    again: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it was at work."""
        return self.turn.ended - self.turn.begun


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run, as it was or as it is expected.

    bars:     in the order in which they began. critical: the images that fill the run from its begin to its end without
              a gap, each begun when the one before it ended.
    chain:    the images that use each other and together take longest: no number of workers makes a run shorter.
    """

    bars: tuple[Bar, ...]
    seconds: float
    workers: int
    critical: tuple[str, ...]
    chain: tuple[str, ...]
    chain_seconds: float
    predicted: bool = False


def turns(moments: Iterable[Moment], end: float) -> tuple[Turn, ...]:
    """Return what ran, from what was noted. end: of the run, for what was cut off."""
    begun: dict[str, tuple[float, str]] = {}
    ended: dict[str, float] = {}
    last = ""
    for each in moments:
        if each.what == "begun":
            begun[each.image] = (each.at, last)
        elif each.what == "ended" and each.image in begun:
            ended[each.image] = each.at
            last = each.image
    return tuple(Turn(image, at, ended.get(image, max(at, end)), after) for image, (at, after) in begun.items())


def timeline(
    ran: Sequence[Turn],
    parents: Mapping[str, Sequence[str]],
    moments: Iterable[Moment] = (),
    *,
    predicted: bool = False,
) -> Timeline | None:
    """Return the timeline of turns in the order of their begin; None where there are none."""
    if not ran:
        return None
    again: dict[str, list[float]] = {}
    for each in moments:
        if each.what == "again":
            again.setdefault(each.image, []).append(each.at)
    workers = _workers(ran)
    bars = tuple(Bar(each, worker, tuple(again.get(each.image, ()))) for each, worker in zip(ran, workers, strict=True))
    chain, longest = _chain(ran, parents)
    end = max(each.ended for each in ran)
    return Timeline(bars, end, max(workers), _critical(ran), chain, longest, predicted)


def _workers(ran: Sequence[Turn]) -> list[int]:
    """Return for each turn the worker that did it: the first that is free, of as few as will do."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    found = []
    for each in ran:
        while busy and busy[0][0] <= each.begun:
            heapq.heappush(free, heapq.heappop(busy)[1])
        worker = heapq.heappop(free) if free else len(busy) + 1
        heapq.heappush(busy, (each.ended, worker))
        found.append(worker)
    return found


def _critical(ran: Sequence[Turn]) -> tuple[str, ...]:
    by_name = {each.image: each for each in ran}
    at = max(ran, key=lambda each: each.ended).image
    found = []
    while at in by_name:
        found.append(at)
        at = by_name.pop(at).after
    return tuple(reversed(found))


def _chain(ran: Sequence[Turn], parents: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], float]:
    """Return the longest way through the graph; parents ran before their children."""
    best: dict[str, tuple[float, str]] = {}
    for each in ran:
        way, before = max(
            ((best[one][0], one) for one in parents.get(each.image, ()) if one in best), default=(0.0, "")
        )
        best[each.image] = (way + each.ended - each.begun, before)
    at = max(best, key=lambda name: best[name][0])
    total, found = best[at][0], []
    while at:
        found.append(at)
        at = best[at][1]
    return tuple(reversed(found)), total
