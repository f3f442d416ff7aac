"""Runs a plan on worker threads: asks the state machine what may start, hands it to workers, feeds the results back."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mbuild.events import Emit, ImageDone, ImageStarted
from mbuild.schedule import machine
from mbuild.schedule.machine import State
from mbuild.schedule.plan import Plan, Step

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one image ended. ``error`` is one line; ``detail`` is the builder's own result, for the caller."""

    status: str
    seconds: float = 0.0
    error: str = ""
    detail: object = None


@dataclass(frozen=True, slots=True)
class _Result:
    """What a worker reports; ``error``: it did not end but broke."""

    image: str
    outcome: Outcome
    error: BaseException | None = None


Work = Callable[[Step], Outcome]


class Executor:
    """Runs one plan. ``interrupt`` may be called from a signal handler."""

    def __init__(
        self, plan: Plan, work: Work, emit: Emit, *, jobs: int, fail_fast: bool, stop: Callable[[], None]
    ) -> None:
        """Prepare a run. work: does one step, on a worker thread; stop: ends running work at once."""
        self._steps = {step.image: step for step in plan.active}
        self._state: State = machine.start(plan, jobs, fail_fast=fail_fast)
        self._work = work
        self._emit = emit
        self._stop = stop
        self._results: queue.SimpleQueue[_Result | None] = queue.SimpleQueue()
        self._outcomes: dict[str, Outcome] = {}

    def interrupt(self) -> None:
        """Start nothing new and stop what runs."""
        self._results.put(None)

    def run(self) -> Mapping[str, Outcome]:
        """Run to the end and return how every active image ended. An error in ``work`` stops the run and is raised."""
        broken: BaseException | None = None
        while not self._state.done:
            for image in machine.ready(self._state):
                self._start(image)
            # A bounded wait keeps the main thread open to signals on every platform.
            result = self._next()
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

    def _next(self) -> _Result | None:
        while True:
            try:
                return self._results.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue

    def _start(self, image: str) -> None:
        self._state = machine.started(self._state, image)
        step = self._steps[image]
        self._emit(ImageStarted(image, step.action))
        threading.Thread(target=self._do, args=(step,), name=f"image-{image}", daemon=True).start()

    def _do(self, step: Step) -> None:
        begun = time.monotonic()
        try:
            outcome = self._work(step)
        except BaseException as error:  # noqa: BLE001 - a worker's error belongs to the thread that waits for it
            stopped = Outcome("cancelled", time.monotonic() - begun, str(error))
            self._results.put(_Result(step.image, stopped, error))
            return
        self._results.put(_Result(step.image, outcome))

    def _finish(self, image: str, outcome: Outcome) -> None:
        stopping = self._state.stopping
        self._state = machine.finished(self._state, image, outcome.status)
        self._outcomes[image] = outcome
        self._emit(ImageDone(image, outcome.status, outcome.seconds, outcome.error))
        if self._state.stopping and not stopping:
            self._stop()
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
