"""Builds one image: watched by the clock, and tried again when what failed may pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count

from mbuild.app.testing import built
from mbuild.builders.masking import masked
from mbuild.builders.protocol import Builder, BuildRequest, BuildResult, Cancel
from mbuild.errors import ChangedWhileRead, Problem, Where
from mbuild.events import Emit, Event, Retrying
from mbuild.schedule.failures import Failure, classify
from mbuild.schedule.retry import Policy, pause
from mbuild.schedule.watch import Activity, Limits, Verdict, judge, told
from mbuild.values import dataclass, field, replace

RETRY_SECONDS = 0.3
"""Before what was read while somebody wrote is read again: editors write in steps."""


def _sleep(cancel: Cancel, seconds: float) -> None:
    cancel.wait(seconds)


@dataclass(frozen=True, slots=True)
class Attempts:
    """How one image is built. clock: seconds, never going back; sleep: waits until cancelled, at most so long."""

    builder: Builder
    emit: Emit
    cancel: Cancel
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[Cancel, float], None] = _sleep

    def build(self, asked: BuildRequest) -> BuildResult:
        """Build until it succeeds, fails for good, or was tried often enough. The time limit is for all of it."""
        begun = self.clock()
        for tried in count(1):
            result, failure = self._try(asked, begun)
            wait = None if self.cancel else pause(self.policy, failure, tried, asked.image)
            if wait is None or self._is_late(begun, wait):
                return result
            self.emit(Retrying(asked.image, tried, round(wait, 3), str(result.problems[0])))
            self.sleep(self.cancel, wait)
            if self.cancel:
                return BuildResult("cancelled", sent=result.sent)
        raise AssertionError("unreachable")

    def _is_late(self, begun: float, wait: float) -> bool:
        timeout = self.limits.timeout
        return timeout is not None and self.clock() + wait >= begun + timeout

    def _try(self, asked: BuildRequest, begun: float) -> tuple[BuildResult, Failure]:
        with Watch(asked.image, self, begun) as watch:
            result = self._unchanged(asked, watch)
        if result.status == "cancelled" and watch.verdict.over and not self.cancel:
            problem = self._overdue(asked, watch.verdict)
            return replace(result, status="failed", problems=(problem,)), Failure(watch.verdict.over == "stall")
        if result.status != "failed" or not result.problems or result.test:  # what a test says is its own
            return result, Failure(False)
        return result, classify("\n".join(each.message for each in result.problems))

    def _unchanged(self, asked: BuildRequest, watch: Watch) -> BuildResult:
        """Build, once more when a file was caught changing. Only what was planned is sent."""
        try:
            return self._built(asked, watch)
        except ChangedWhileRead:
            self.sleep(watch.cancel, RETRY_SECONDS)
            return self._built(asked, watch)

    def _built(self, asked: BuildRequest, watch: Watch) -> BuildResult:
        return masked(asked.secrets, watch.emit, lambda emit: built(self.builder, asked, emit, watch.cancel))

    def _overdue(self, asked: BuildRequest, verdict: Verdict) -> Problem:
        where = Where(asked.dockerfile_path)
        if verdict.over == "stall":
            seconds = f"{self.limits.stall:g} s"
            return Problem(f"nothing moved for {seconds}: {verdict.step}", where, ("--stall-timeout says how long",))
        seconds = f"{self.limits.timeout:g} s"
        return Problem(f"the build took longer than {seconds}", where, ("--timeout says how long it may take",))


class Watch:
    """Looks at one try from a thread of its own, and ends it when it is over time or stalled."""

    def __init__(self, image: str, attempts: Attempts, begun: float) -> None:
        """Take what is allowed. begun: when the first try began."""
        self.cancel = Cancel()
        self.verdict = Verdict()
        self._attempts = attempts
        self._activity = Activity(begun, attempts.clock())
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name=f"watch-{image}", daemon=True)

    def emit(self, event: Event) -> None:
        """Take note of an event and pass it on."""
        with self._lock:
            self._activity = told(self._activity, event, self._attempts.clock())
        self._attempts.emit(event)

    def __enter__(self) -> Watch:
        self._forget = self._attempts.cancel.on_cancel(self.cancel.cancel)
        if self._attempts.limits != Limits():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._forget()

    def _look(self) -> None:
        while True:
            with self._lock:
                verdict = judge(self._activity, self._attempts.limits, self._attempts.clock())
            if verdict.over:
                self.verdict = verdict
                self.cancel.cancel()
                return
            if self._over.wait(verdict.again):
                return
