"""Runs a plan with a builder and gathers how every image ended."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from mbuild.app.attempts import Attempts
from mbuild.app.checkouts import unconverted
from mbuild.app.publishing import Published, Publisher
from mbuild.app.requests import Naming, content_name, request
from mbuild.app.workspace import Snapshot
from mbuild.builders.bases import starts_from
from mbuild.builders.oci.refusal import ENGINE_HINT
from mbuild.builders.protocol import Builder, BuildResult, Cancel
from mbuild.builders.waiting import until_cancelled
from mbuild.errors import (
    ChangedWhileRead,
    DockerfileError,
    EnvironmentFault,
    ExitCode,
    MbuildError,
    Problem,
    UsageError,
    Where,
)
from mbuild.events import Emit
from mbuild.graph.node import Node
from mbuild.registry.annotations import of_bases
from mbuild.schedule.estimate import complete, remaining
from mbuild.schedule.executor import Executor, Outcome, Threads
from mbuild.schedule.machine import BAD, GOOD
from mbuild.schedule.plan import BUILD, Plan, Step
from mbuild.schedule.retry import Policy
from mbuild.schedule.watch import Limits
from mbuild.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. code: the exit code it stands for; problems: of every image that failed, in the plan's order.

    published: what is in registries now, by image. warnings: of images that did not fail.
    """

    outcomes: Mapping[str, Outcome]
    seconds: float
    code: ExitCode
    problems: tuple[Problem, ...]
    published: Mapping[str, Published] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    def result(self, image: str) -> BuildResult | None:
        """Return the builder's own result for an image."""
        detail = self.outcomes[image].detail if image in self.outcomes else None
        return detail if isinstance(detail, BuildResult) else None


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: jobs at once, whether the first failure ends the run, what a build may take, when to try again.

    epoch, dated: see ``requests.request``. owner: of what tests leave behind (``Builder.test``).
    """

    jobs: int
    fail_fast: bool
    epoch: int
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    owner: str = ""
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of earlier builds: how long each image will take, in seconds; and what is told of every end.

    bases: gives the external images that an image which exists was made of, by ``bases.key``.
    everything: gives how long building all images would take, in seconds; None where nobody knows.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    bases: Callable[[str], Mapping[str, str]] = lambda image: {}  # noqa: ARG005
    everything: Callable[[], float | None] = lambda: None
    ended: Callable[[Step, Outcome], None] = lambda step, outcome: None  # noqa: ARG005


def check(
    plan: Plan,
    snapshot: Snapshot,
    builder: Builder,
    naming: Naming,
    options: Options,
    publisher: Publisher | None = None,
) -> None:
    """Raise what keeps the plan from being built or published, before anything is.

    Raises DockerfileError for sources that do not exist, UsageError for what only a checkout has, else
    EnvironmentFault for what the builder cannot do.
    """
    nodes = [snapshot.graph.nodes[step.image] for step in plan.active if step.action == BUILD]
    missing = [missing_problem(each.source, node.name, each.where) for node in nodes for each in node.missing]
    if missing:
        raise DockerfileError(dict.fromkeys(missing))
    if raw := tuple(unconverted(snapshot, nodes)):
        raise UsageError(raw)
    beyond = [
        problem
        for node in nodes
        if not builder.accepts(node.definition)
        for problem in builder.check(
            replace(request(snapshot, node, naming, epoch=options.epoch, dated=options.dated), push=_pushes(publisher))
        )
    ]
    if publisher is not None and publisher.push and not builder.runs_tests:
        beyond += _untested(plan, snapshot, publisher)
    if beyond:
        raise EnvironmentFault(dict.fromkeys(beyond))


def _untested(plan: Plan, snapshot: Snapshot, publisher: Publisher) -> Iterator[Problem]:
    """Yield the images whose content tag would tell a registry of a test that nobody has run."""
    for node in (snapshot.graph.nodes[step.image] for step in plan.active):
        test = node.definition.test
        if test is not None and test.command and content_name(node) not in publisher.held:
            message = f"image '{node.name}': it is pushed only after its test, and running that needs an engine"
            yield Problem(message, test.where, (ENGINE_HINT,))


def _pushes(publisher: Publisher | None) -> bool:
    return publisher is not None and publisher.push


def missing_problem(source: str, image: str, where: Where) -> Problem:
    """Return the problem of a COPY or ADD source that nothing matches."""
    hint = "files that git ignores are not part of a context; track it, or copy something else"
    return Problem(f"image '{image}': nothing in the context matches '{source}'", where, (hint,))


def run(
    plan: Plan,
    snapshot: Snapshot,
    builder: Builder,
    naming: Naming,
    options: Options,
    emit: Emit,
    past: Past | None = None,
    publisher: Publisher | None = None,
) -> Run:
    """Run a plan to its end, or to its stop by SIGINT or SIGTERM. What takes longest to its end is started first."""
    cancel, past = Cancel(), past or Past()
    work = _Worker(snapshot, builder, naming, options, emit, cancel, past, publisher)
    executor = Executor(
        plan,
        Threads(work),
        emit,
        jobs=options.jobs,
        fail_fast=options.fail_fast,
        stop=cancel.cancel,
        remaining=remaining(plan, complete(plan, past.seconds)),
        ended=past.ended,
    )
    begun = time.monotonic()
    with stopped_by_signals(executor.interrupt) as caught:
        outcomes = executor.run()
        code = _code(outcomes, caught)
        if publisher is not None and code == ExitCode.DONE:
            finish = publisher.finish
            outcomes = _tagged(outcomes, until_cancelled(lambda: finish(caught), caught, {}))
            code = _code(outcomes, caught)
    published = dict(publisher.done) if publisher else {}
    problems = _problems(plan, outcomes, lambda result: result.problems)
    warnings = _problems(plan, outcomes, lambda result: result.warnings)
    return Run(outcomes, time.monotonic() - begun, code, problems, published, warnings)


def _tagged(outcomes: Mapping[str, Outcome], problems: Mapping[str, tuple[Problem, ...]]) -> dict[str, Outcome]:
    """Return how images ended, those failed that could not be given their tags."""
    return {name: _failed(each, problems[name]) if name in problems else each for name, each in outcomes.items()}


def _failed(outcome: Outcome, problems: tuple[Problem, ...]) -> Outcome:
    found = outcome.detail if isinstance(outcome.detail, BuildResult) else BuildResult("failed")
    detail = replace(found, status="failed", problems=problems)
    return replace(outcome, status="failed", error=str(problems[0]), detail=detail)


@dataclass(slots=True)
class _Worker:
    """Does one step on whatever thread calls it."""

    snapshot: Snapshot
    builder: Builder
    naming: Naming
    options: Options
    emit: Emit
    cancel: Cancel
    past: Past
    publisher: Publisher | None = None

    def __call__(self, step: Step) -> Outcome:
        begun = time.monotonic()
        node = self.snapshot.graph.nodes[step.image]
        try:
            if self.cancel:
                return Outcome("cancelled")
            result = self._reuse(node) if step.action != BUILD else self._build(node)
            if result.status in GOOD and not self._published(node, result):
                result = BuildResult("cancelled")
        except ChangedWhileRead as error:
            result = BuildResult("failed", problems=error.problems)
        except EnvironmentFault:
            raise
        except MbuildError as error:
            result = BuildResult("failed", problems=error.problems)
        error_line = str(result.problems[0]) if result.problems else ""
        return Outcome(result.status, time.monotonic() - begun, error_line, result)

    def _published(self, node: Node, result: BuildResult) -> bool:
        """Publish an image where that is asked for; tells whether it was not cancelled. Raises RegistryError."""
        publisher = self.publisher
        if publisher is None or not publisher.push:
            return True
        bases = self.past.bases(node.name) if result.status == "reused" else result.bases
        notes = of_bases(bases, starts_from(node.recipes[0])) if bases else {}

        def publish() -> bool:
            publisher.publish(node.name, self.naming.tags(node), notes)
            return True

        # An upload cannot be interrupted, but it ends with this process.
        return until_cancelled(publish, self.cancel, False)

    def _build(self, node: Node) -> BuildResult:
        options = self.options
        attempts = Attempts(self.builder, self.emit, self.cancel, options.policy, options.limits)
        asked = request(self.snapshot, node, self.naming, epoch=options.epoch, dated=options.dated)
        return attempts.build(replace(asked, owner=options.owner, push=_pushes(self.publisher)))

    def _reuse(self, node: Node) -> BuildResult:
        """Give an image that exists the names asked for, where the builder has it or must have it."""
        content, *others = self.naming.tags(node)
        here = self.publisher is None or self._fetched(self.publisher, content)
        if here is None:
            return BuildResult("cancelled")
        if here and others:
            self.builder.tag(content, others)
        return BuildResult("reused")

    def _fetched(self, publisher: Publisher, content: str) -> bool | None:
        """Tell whether the builder has an image that exists, None where that was cancelled meanwhile."""
        # A registry that says nothing must not hold up a run that was told to end.
        return until_cancelled(lambda: publisher.fetch(content), self.cancel, None)


def _problems(
    plan: Plan, outcomes: Mapping[str, Outcome], told: Callable[[BuildResult], tuple[Problem, ...]]
) -> tuple[Problem, ...]:
    found: list[Problem] = []
    for step in plan.active:
        detail = outcomes[step.image].detail
        if isinstance(detail, BuildResult):
            found.extend(
                Problem(f"image '{step.image}': {each.message}", each.where, each.hints) for each in told(detail)
            )
    return tuple(found)


def _code(outcomes: Mapping[str, Outcome], caught: list[int]) -> ExitCode:
    if caught:
        return ExitCode.TERMINATED if caught[0] == signal.SIGTERM else ExitCode.INTERRUPTED
    failed = any(each.status in BAD for each in outcomes.values())
    return ExitCode.FAILED if failed else ExitCode.DONE


@contextlib.contextmanager
def stopped_by_signals(interrupt: Callable[[], None]) -> Iterator[list[int]]:
    """Turn the first SIGINT or SIGTERM into an orderly stop; a second one ends the process at once.

    interrupt: is called in the signal handler, so it must take no lock.
    """
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return

    def handle(number: int, frame: object) -> None:  # noqa: ARG001
        caught.append(number)
        if len(caught) > 1:
            raise KeyboardInterrupt
        interrupt()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
