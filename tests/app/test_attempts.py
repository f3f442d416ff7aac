"""Building one image until it succeeds or there is no point: a fake builder, a clock that only sleeping moves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mbuild.app.attempts import Attempts
from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel
from mbuild.errors import Problem
from mbuild.events import Emit, Event, Retrying, Step
from mbuild.schedule.retry import Policy
from mbuild.schedule.watch import Limits
from tests.app.test_running import FakeBuilder

PASSING = "unexpected status: 503 Service Unavailable"


@dataclass
class FakeClock:
    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, cancel: Cancel, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def request() -> BuildRequest:
    nothing: Any = None
    return BuildRequest(
        "api", b"", "api/Dockerfile", (), None, {}, (), nothing, {}, {}, {}, nothing, {}, ("api:x",), {}, (), 0
    )


def failed(text: str) -> BuildResult:
    return BuildResult("failed", problems=(Problem(text),))


def build(
    *answers: BuildResult, policy: Policy | None = None, limits: Limits | None = None, clock: FakeClock | None = None
) -> tuple[BuildResult, FakeClock, list[Event], int]:
    left, events, clock = list(answers), list[Event](), clock or FakeClock()
    builder = FakeBuilder(lambda asked, cancel: left.pop(0))
    attempts = Attempts(builder, events.append, Cancel(), policy or Policy(), limits or Limits(), clock, clock.sleep)
    return attempts.build(request()), clock, events, len(builder.asked)


def test_what_may_pass_is_tried_again() -> None:
    result, clock, events, tries = build(failed(PASSING), failed(PASSING), BuildResult("built"))
    assert (result.status, tries) == ("built", 3)
    assert [round(each) for each in clock.slept] == [1, 2]
    assert [(each.tried, each.error) for each in events if isinstance(each, Retrying)] == [(1, PASSING), (2, PASSING)]


def test_not_for_ever() -> None:
    result, _, _, tries = build(*[failed(PASSING)] * 9, policy=Policy(retries=2))
    assert (result, tries) == (failed(PASSING), 3)


@pytest.mark.parametrize(
    "text",
    ["unexpected status: 401 Unauthorized", 'process "false" did not complete successfully: exit code: 1'],
)
def test_what_cannot_pass_is_tried_once(text: str) -> None:
    result, clock, _, tries = build(failed(text), BuildResult("built"))
    assert (result, tries, clock.slept) == (failed(text), 1, [])


def test_no_pause_reaches_beyond_the_time_limit() -> None:
    result, clock, _, tries = build(failed("429 Too Many Requests, Retry-After: 30"), limits=Limits(timeout=20.0))
    assert (result.status, tries, clock.slept) == ("failed", 1, [])


def test_a_cancel_ends_the_pause() -> None:
    cancel = Cancel()

    def sleep(waiting: Cancel, seconds: float) -> None:
        cancel.cancel()
        assert waiting.wait(10)

    builder = FakeBuilder(lambda asked, cancel: failed(PASSING))
    result = Attempts(builder, lambda event: None, cancel, sleep=sleep).build(request())
    assert (result.status, len(builder.asked)) == ("cancelled", 1)


@dataclass
class Hanging(FakeBuilder):
    """Begins a step and then does nothing until it is cancelled."""

    step: str = ""
    hangs: int = 1
    clock: FakeClock = field(default_factory=FakeClock)
    later: float = 0.0

    def build(self, request: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
        self.asked.append(request)
        if len(self.asked) > self.hangs:
            return BuildResult("built")
        emit(Step(request.image, "1", self.step))
        self.clock.now += self.later
        ended = threading.Event()
        cancel.on_cancel(ended.set)
        return BuildResult("cancelled") if ended.wait(10) else BuildResult("built")


def hang(step: str, limits: Limits, hangs: int = 1, later: float = 50.0) -> tuple[BuildResult, int]:
    builder = Hanging(step=step, hangs=hangs, later=later)
    events: list[Event] = []
    attempts = Attempts(builder, events.append, Cancel(), Policy(), limits, builder.clock, builder.clock.sleep)
    return attempts.build(request()), len(builder.asked)


def test_a_build_that_takes_too_long_fails_and_is_not_tried_again() -> None:
    # The watch looks again after the limit, in real time: a short one.
    result, tries = hang("[2/2] RUN make", Limits(timeout=0.05))
    assert (result.status, tries) == ("failed", 1)
    assert result.problems[0].message == "the build took longer than 0.05 s"
    assert str(result.problems[0].where) == "api/Dockerfile"


def test_a_transfer_that_stands_still_is_tried_again() -> None:
    result, tries = hang("[internal] load metadata for r.example.com/a:1", Limits(stall=0.05))
    assert (result.status, tries) == ("built", 2)
    result, tries = hang("[internal] load metadata for r.example.com/a:1", Limits(stall=0.05), hangs=99)
    assert (result.status, tries) == ("failed", 4)
    assert "nothing moved for 0.05 s: [internal] load metadata for r.example.com/a:1" in result.problems[0].message


def test_a_cancelled_run_is_no_timeout() -> None:
    cancel = Cancel()

    def answer(asked: BuildRequest, inner: Cancel) -> BuildResult:
        cancel.cancel()
        assert inner
        return BuildResult("cancelled")

    result = Attempts(FakeBuilder(answer), lambda event: None, cancel, limits=Limits(timeout=10.0)).build(request())
    assert result == BuildResult("cancelled")


def test_nobody_watches_when_it_is_over() -> None:
    kept: list[Callable[[], None]] = []

    def answer(asked: BuildRequest, inner: Cancel) -> BuildResult:
        inner.on_cancel(lambda: kept.append(lambda: None))
        return BuildResult("built")

    cancel = Cancel()
    attempts = Attempts(FakeBuilder(answer), lambda event: None, cancel, limits=Limits(timeout=60.0, stall=60.0))
    assert attempts.build(request()).status == "built"
    for thread in threading.enumerate():
        if thread.name.startswith("watch-"):
            thread.join(10)
            assert not thread.is_alive()
    cancel.cancel()
    assert kept == []
