"""Runs a plan: asks the state machine what may start, hands it to a crew, feeds the results back."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from mbuild.events import Emit, ImageDone, ImageStarted
from mbuild.process.gate import waiting
from mbuild.schedule import machine
from mbuild.schedule.machine import State
from mbuild.schedule.plan import Plan, Step
from mbuild.values import dataclass

POLL_SECONDS = 0.2
IDLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one image ended. ``error`` is one line; ``detail`` is the builder's own result, for the caller."""

    status: str
    seconds: float = 0.0
    error: str = ""
    detail: object = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What a crew reports of a step; ``error``: it did not end but broke."""

    image: str
    outcome: Outcome
    error: BaseException | None = None


Work = Callable[[Step], Outcome]


class Crew(Protocol):
    """Does steps, as many at once as it is given."""

    def start(self, step: Step) -> None:
        """Begin a step."""
        ...

    def next(self) -> Ended | None:
        """Wait until a step ends and return how; None: the run is to stop."""
        ...

    def interrupt(self) -> None:
        """Have ``next`` return None once. May be called from a signal handler."""
        ...


class Threads:
    """A crew of threads. One that has done a step waits a moment for another one: to start a thread takes longer than
    what there is to do for an image that exists.
    """

    def __init__(self, work: Work) -> None:
        """Take what does one step."""
        self._work = work
        self._ended: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle: list[queue.Queue[Step]] = []  # of each thread that waits, what gives it another step

    def start(self, step: Step) -> None:
        """Begin a step, on a new thread where none waits for one."""
        with self._lock:
            waits = self._idle.pop() if self._idle else None
        if waits is not None:
            waits.put(step)
        else:
            threading.Thread(target=self._run, args=(step,), daemon=True).start()

    def _run(self, first: Step) -> None:
        # Not a SimpleQueue: in CPython 3.11 it may forget a time limit, where what is left of that is below zero.
        mine: queue.Queue[Step] = queue.Queue()
        step: Step | None = first
        while step is not None:
            threading.current_thread().name = f"image-{step.image}"
            ended = self._done(step)
            with self._lock:
                self._idle.append(mine)  # before the next step can be begun
            self._ended.put(ended)
            step = self._next(mine)

    def _next(self, mine: queue.Queue[Step]) -> Step | None:
        """Return the next step, None where there is none for a moment; nobody counts on this thread then."""
        with contextlib.suppress(queue.Empty), waiting():
            return mine.get(timeout=IDLE_SECONDS)
        with self._lock:
            if mine in self._idle:
                self._idle.remove(mine)
                return None
        with waiting():
            return mine.get()  # it is about to be put there

    def next(self) -> Ended | None:
        """Wait for the next end. A bounded wait keeps the main thread open to signals on every platform."""
        while True:
            try:
                return self._ended.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue

    def interrupt(self) -> None:
        """Have ``next`` return None once."""
        self._ended.put(None)

    def _done(self, step: Step) -> Ended:
        begun = time.monotonic()
        try:
            outcome = self._work(step)
        except BaseException as error:  # noqa: BLE001 - a worker's error belongs to the thread that waits for it
            return Ended(step.image, Outcome("cancelled", time.monotonic() - begun, str(error)), error)
        return Ended(step.image, outcome)


class Executor:
    """Runs one plan. ``interrupt`` may be called from a signal handler."""

    def __init__(
        self,
        plan: Plan,
        crew: Crew,
        emit: Emit,
        *,
        jobs: int,
        fail_fast: bool,
        stop: Callable[[], None],
        remaining: Mapping[str, float] | None = None,
        ended: Callable[[Step, Outcome], None] = lambda step, outcome: None,  # noqa: ARG005
    ) -> None:
        """Prepare a run.

        stop:      ends running work at once. remaining: how urgent each image is (``machine.start``).
        ended:     is told of every step that was started, on the thread that runs the plan.
        """
        self._steps = {step.image: step for step in plan.active}
        self._state: State = machine.start(plan, jobs, fail_fast=fail_fast, remaining=remaining)
        self._crew = crew
        self._emit = emit
        self._stop = stop
        self._ended = ended
        self._outcomes: dict[str, Outcome] = {}

    def interrupt(self) -> None:
        """Start nothing new and stop what runs."""
        self._crew.interrupt()

    def run(self) -> Mapping[str, Outcome]:
        """Run to the end and return how every active image ended. An error in a step stops the run and is raised."""
        broken: BaseException | None = None
        while not self._state.done:
            for image in machine.ready(self._state):
                self._start(image)
            result = self._crew.next()
            if result is None:
                self._halt()
                continue
            self._finish(result.image, result.outcome)
            if result.error is not None:
                broken = broken or result.error
                self._halt()
        if broken is not None:
            raise broken
        self._report_unstarted()
        return self._outcomes

    def _start(self, image: str) -> None:
        self._state = machine.started(self._state, image)
        step = self._steps[image]
        self._emit(ImageStarted(image, step.action))
        self._crew.start(step)

    def _finish(self, image: str, outcome: Outcome) -> None:
        before = self._state
        self._state = machine.finished(before, image, outcome.status)
        self._outcomes[image] = outcome
        self._emit(ImageDone(image, outcome.status, outcome.seconds, outcome.error))
        self._ended(self._steps[image], outcome)
        if self._state.stopping and not before.stopping:
            self._stop()
        if before.left - self._state.left > 1:
            self._report_unstarted()

    def _halt(self) -> None:
        self._state = machine.stop(self._state)
        self._stop()

    def _report_unstarted(self) -> None:
        """Report images that ended without ever having been started: skipped or cancelled."""
        for image, status in self._state.status.items():
            if status in machine.FINAL and image not in self._outcomes:
                cause = self._state.because.get(image)
                self._outcomes[image] = Outcome(status, 0.0, f"'{cause}' was not built" if cause else "")
                self._emit(ImageDone(image, status, 0.0, self._outcomes[image].error))
