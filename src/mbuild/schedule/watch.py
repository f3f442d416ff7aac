"""Whether a build takes too long, or has stalled. Pure: events and the time go in, a verdict comes out.

A step of the Dockerfile may be silent for as long as it likes. Handing over a context and asking a registry may not:
where nothing else is going on and nothing moves, the connection is dead although nobody said so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mbuild.events import Event, Step, StepDone
from mbuild.values import dataclass, field, replace

# BuildKit's own steps that are short or report what they move (frontend/dockerfile/dockerfile2llb, util/resolver).
_TRANSFER = re.compile(r"^\[internal\] load |^\[auth\] |^\[context \S+\] load |^resolve image config for ")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a build may take, and for which a transfer may stand still; None: no limit."""

    timeout: float | None = None
    stall: float | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """What a build did. begun, last: when it began and when it last told something; open: its steps, by their ids."""

    begun: float
    last: float
    open: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of a look.

    over: ``timeout``, ``stall`` or "". step: what stands still. again: seconds after which to look again, None: never.
    """

    over: str = ""
    step: str = ""
    again: float | None = None


def told(activity: Activity, event: Event, now: float) -> Activity:
    """Return the activity after an event."""
    match event:
        case Step(_, step, name):
            return replace(activity, last=now, open={**activity.open, step: name})
        case StepDone(_, step):
            return replace(activity, last=now, open={key: each for key, each in activity.open.items() if key != step})
        case _:
            return replace(activity, last=now)


def judge(activity: Activity, limits: Limits, now: float) -> Verdict:
    """Return whether the build goes on."""
    left = [] if limits.timeout is None else [activity.begun + limits.timeout - now]
    if left and left[0] <= 0:
        return Verdict("timeout")
    if limits.stall is not None:
        # What is not a transfer now may be one later: until then it is enough to look from time to time.
        still = activity.last + limits.stall - now
        names = list(activity.open.values())
        only_transfers = bool(names) and all(_TRANSFER.match(name) for name in names)
        if only_transfers and still <= 0:
            return Verdict("stall", names[0])
        left.append(still if still > 0 else limits.stall)
    return Verdict(again=min(left)) if left else Verdict()
