"""Ten thousand random runs of the scheduler, with a crew that only pretends to build and a clock that jumps."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mbuild.events import Event, ImageDone, ImageStarted
from mbuild.schedule.estimate import complete, makespan, remaining
from mbuild.schedule.executor import Ended, Executor, Outcome
from mbuild.schedule.machine import FINAL, GOOD
from mbuild.schedule.plan import BUILD, REUSE, Plan, Step

RUNS = 10_000


@dataclass
class PretendingCrew:
    """Ends every step after its time. results: how each ends; interrupt_at: when somebody stops the run, if ever."""

    seconds: dict[str, float]
    results: dict[str, str]
    interrupt_at: float | None = None
    now: float = 0.0
    most: int = 0
    running: list[tuple[float, str]] = field(default_factory=list)
    cancelled: bool = False

    def start(self, step: Step) -> None:
        heapq.heappush(self.running, (self.now + self.seconds[step.image], step.image))
        self.most = max(self.most, len(self.running))

    def next(self) -> Ended | None:
        at, image = self.running[0]
        if self.interrupt_at is not None and self.interrupt_at <= at:
            self.now, self.interrupt_at = self.interrupt_at, None
            return None
        heapq.heappop(self.running)
        self.now = self.now if self.cancelled else at
        return Ended(image, Outcome("cancelled" if self.cancelled else self.results.get(image, "built")))

    def interrupt(self) -> None:
        self.interrupt_at = self.now

    def stop(self) -> None:
        self.cancelled = True


@dataclass(frozen=True)
class Finished:
    """A run that is over."""

    plan: Plan
    crew: PretendingCrew
    statuses: dict[str, str]
    events: list[Event]
    jobs: int


def random_plan(random_: random.Random) -> Plan:
    """Chains, trees, layers and thickets, of up to thirty images."""
    count, reach = random_.randint(1, 30), random_.choice([1, 3, 30])
    density = random_.choice([0.0, 0.3, 1.0, 2.0])
    steps = []
    for number in range(count):
        wanted = min(number, int(random_.expovariate(1 / density))) if density else 0
        parents = {random_.randrange(max(0, number - reach), number) for _ in range(wanted)}
        action = REUSE if random_.random() < 0.1 else BUILD
        steps.append(Step(f"i{number}", action, (), tuple(f"i{each}" for each in sorted(parents))))
    return Plan(tuple(steps))


def random_seconds(random_: random.Random, plan: Plan) -> dict[str, float]:
    draw: Callable[[], float] = random_.choice(
        [lambda: 1.0, lambda: random_.uniform(0.5, 20), lambda: random_.paretovariate(1.2)]
    )
    return {step.image: draw() if step.action == BUILD else 0.0 for step in plan.steps}


def simulate(
    plan: Plan, crew: PretendingCrew, jobs: int, known: dict[str, float], *, fail_fast: bool = False
) -> Finished:
    events: list[Event] = []
    executor = Executor(
        plan,
        crew,
        events.append,
        jobs=jobs,
        fail_fast=fail_fast,
        stop=crew.stop,
        remaining=remaining(plan, complete(plan, known)),
    )
    outcomes = executor.run()
    return Finished(plan, crew, {name: each.status for name, each in outcomes.items()}, events, jobs)


def check_order(run: Finished) -> None:
    """Never a child before its parents, never more at once than there are jobs, one start and one end for each."""
    parents = {step.image: step.parents for step in run.plan.steps}
    started: set[str] = set()
    ended: dict[str, str] = {}
    for event in run.events:
        if isinstance(event, ImageStarted):
            assert event.image not in started
            assert all(ended[parent] in GOOD for parent in parents[event.image])
            started.add(event.image)
        elif isinstance(event, ImageDone):
            assert event.image not in ended
            ended[event.image] = event.status
    assert ended == run.statuses
    assert set(ended) == set(parents)
    assert set(ended.values()) <= FINAL
    assert started == {name for name in ended if ended[name] not in ("skipped", "cancelled")} | {
        name for name in started if ended[name] == "cancelled"
    }
    assert run.crew.most <= run.jobs


def descendants(plan: Plan, lost: set[str]) -> set[str]:
    found: set[str] = set()
    for step in plan.steps:
        if (lost | found).intersection(step.parents):
            found.add(step.image)
    return found


def longest_chain(plan: Plan, seconds: dict[str, float]) -> float:
    return max(remaining(plan, seconds).values())


def test_ten_thousand_runs() -> None:
    """How long a run may take: the bound of list scheduling (Graham 1969), and close to what is possible at all."""
    spent = possible = 0.0
    for seed in range(RUNS):
        random_ = random.Random(seed)
        plan, jobs = random_plan(random_), random_.randint(1, 6)
        seconds = random_seconds(random_, plan)
        # What is known of the past is right, off by half, or missing for some images.
        blur = random_.choice([0.0, 0.0, 0.5])
        known = {name: each * random_.uniform(1 - blur, 1 + blur) for name, each in seconds.items()}
        if random_.random() < 0.3:
            known = {name: each for name, each in known.items() if random_.random() < 0.7}
        run = simulate(plan, PretendingCrew(seconds, {}), jobs, known)
        check_order(run)
        assert set(run.statuses.values()) == {"built"}, seed
        work, chain = sum(seconds.values()), longest_chain(plan, seconds)
        assert run.crew.now <= 1.1 * (work / jobs + chain * (1 - 1 / jobs)) + 1e-9, seed
        spent += run.crew.now / max(work / jobs, chain, 1e-9) if work else 1.0
        possible += 1.0
    # In the plan's order it would be 1.08.
    assert spent <= 1.05 * possible, f"{spent / possible:.3f} of the lower bound"


def test_failures_skip_descendants_and_nothing_else() -> None:
    for seed in range(RUNS):
        random_ = random.Random(seed)
        plan, jobs = random_plan(random_), random_.randint(1, 6)
        results = {step.image: "failed" for step in plan.steps if random_.random() < 0.15}
        run = simulate(plan, PretendingCrew(random_seconds(random_, plan), results), jobs, {})
        check_order(run)
        below = descendants(plan, set(results))
        for name, status in run.statuses.items():
            assert status == ("skipped" if name in below else results.get(name, "built")), (seed, name)


@pytest.mark.parametrize("how", ["interrupt", "fail-fast"])
def test_a_cancel_ends_everything(how: str) -> None:
    for seed in range(RUNS // 2):
        random_ = random.Random(seed)
        plan, jobs = random_plan(random_), random_.randint(1, 6)
        seconds = random_seconds(random_, plan)
        results = {step.image: "failed" for step in plan.steps if how == "fail-fast" and random_.random() < 0.3}
        at = random_.uniform(0, sum(seconds.values())) if how == "interrupt" else None
        run = simulate(plan, PretendingCrew(seconds, results, at), jobs, {}, fail_fast=how == "fail-fast")
        check_order(run)
        assert not run.crew.running, seed
        if run.crew.cancelled:
            stopped = next(at for at, event in enumerate(run.events) if is_stop(event, results))
            assert not any(isinstance(event, ImageStarted) for event in run.events[stopped:]), seed


def is_stop(event: Event, results: dict[str, str]) -> bool:
    ending = {"failed"} if results else {"cancelled"}
    return isinstance(event, ImageDone) and event.status in ending


def test_what_is_foretold_comes_to_pass_when_the_past_repeats_itself() -> None:
    for seed in range(500):
        random_ = random.Random(seed)
        plan, jobs = random_plan(random_), random_.randint(1, 6)
        seconds = random_seconds(random_, plan)
        run = simulate(plan, PretendingCrew(seconds, {}), jobs, seconds)
        assert makespan(plan, seconds, jobs) == pytest.approx(run.crew.now), seed


def test_the_longest_way_goes_first() -> None:
    steps = (Step("short", BUILD, (), ()), Step("base", BUILD, (), ()), Step("slow", BUILD, (), ("base",)))
    seconds = {"short": 5.0, "base": 1.0, "slow": 9.0}
    run = simulate(Plan(steps), PretendingCrew(seconds, {}), 1, seconds)
    assert [event.image for event in run.events if isinstance(event, ImageStarted)] == ["base", "slow", "short"]
