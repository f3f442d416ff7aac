"""Takes note, while images are built, of what a page tells of it afterwards. It keeps little, however long a run is."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable

from mbuild.events import Event, ImageDone, ImageStarted, Retrying, Step, StepDone
from mbuild.values import dataclass, field

MOST_STEPS = 50
"""So many of the slowest steps are kept."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that an image went through. what: ``begun``, ``again`` or ``ended``; at: seconds since the run began.

    status, error: of an end. An image that ended without a beginning never ran.
    """

    image: str
    what: str
    at: float
    status: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, order=True)
class StepTime:
    """How long one step of a build took, as mbuild saw it."""

    seconds: float
    image: str
    name: str
    cached: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """What was noted. moments: in order; steps: the slowest ones, the slowest first, of all that ended."""

    moments: tuple[Moment, ...] = ()
    steps: tuple[StepTime, ...] = ()
    steps_ended: int = 0


@dataclass(slots=True)
class Recorder:
    """Listens to events, from any thread. clock: seconds, never going back."""

    clock: Callable[[], float]
    _begun: float = field(init=False)
    _moments: list[Moment] = field(default_factory=list)
    _open: dict[str, dict[str, tuple[str, float]]] = field(default_factory=dict)
    _slowest: list[StepTime] = field(default_factory=list)
    _ended: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._begun = self.clock()

    def show(self, event: Event) -> None:
        """Take in one event."""
        with self._lock:
            self._take(event, self.clock() - self._begun)

    def recording(self) -> Recording:
        """Return what was noted so far."""
        with self._lock:
            return Recording(tuple(self._moments), tuple(sorted(self._slowest, reverse=True)), self._ended)

    def _take(self, event: Event, now: float) -> None:
        match event:
            case ImageStarted(image):
                self._moments.append(Moment(image, "begun", now))
            case Step(image, step, name):
                self._open.setdefault(image, {})[step] = (name, now)
            case StepDone(image, step, cached, error):
                self._step_ended(image, step, now, cached, bool(error))
            case Retrying(image, error=error):
                self._open.pop(image, None)
                self._moments.append(Moment(image, "again", now, error=error))
            case ImageDone(image, status, _, error):
                self._open.pop(image, None)
                self._moments.append(Moment(image, "ended", now, status, error))

    def _step_ended(self, image: str, step: str, now: float, cached: bool, failed: bool) -> None:
        name, begun = self._open.get(image, {}).pop(step, ("", now))
        if not name:
            return
        self._ended += 1
        heapq.heappush(self._slowest, StepTime(now - begun, image, name, cached, failed))
        if len(self._slowest) > MOST_STEPS:
            heapq.heappop(self._slowest)
