"""What ``affected``, ``all`` and ``build`` have in common: plan, show or run, report."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mbuild.app import running
from mbuild.app.capacity import this_machine
from mbuild.app.holdings import Holdings, look
from mbuild.app.past import Forecast, forecast, open_history, recorder
from mbuild.app.publishing import Publisher, Publishing, publisher
from mbuild.app.question import head_info
from mbuild.app.reporting import Sizes, View, done, image_reports
from mbuild.app.requests import Naming, placeholders
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.protocol import Builder
from mbuild.builders.registry import Chosen, Surroundings, choose
from mbuild.cli.boundary import print_problems
from mbuild.cli.finishing import finish, show
from mbuild.cli.settings import Settings
from mbuild.errors import ConfigError, EnvironmentFault, ExitCode, Problem, UsageError
from mbuild.graph.affected import Reason
from mbuild.names import tag_template
from mbuild.output.display import choose as choose_display
from mbuild.output.report import BaseInfo, HeadInfo, Report
from mbuild.output.text import plan_text
from mbuild.registry.registries import Registries
from mbuild.schedule.jobs import default_jobs
from mbuild.schedule.plan import BUILD, Plan, make_plan
from mbuild.schedule.retry import Policy
from mbuild.schedule.watch import Limits


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The flags that the building commands share."""

    dry_run: bool = False
    builder: str | None = None
    jobs: int | None = None
    timeout: float | None = None
    stall_timeout: float | None = None
    retries: int = 3
    wait: bool = True
    fail_fast: bool = False
    force: bool = False
    push: bool = False
    tags_last: bool = True
    reuse: bool = True
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    output: str | None = None
    metadata: str | None = None
    format_: str = "text"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The images asked for with their reasons, and the comparison they come from, if any."""

    command: str
    snapshot: Snapshot
    reasons: Mapping[str, tuple[Reason, ...]]
    head: HeadInfo
    base: BaseInfo | None = None
    unowned: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Job:
    """One run of a building command. chosen: None where a dry run goes without a builder."""

    settings: Settings
    workspace: Workspace
    wanted: Wanted
    options: BuildOptions
    chosen: Chosen | None

    @property
    def builder(self) -> Builder | None:
        return self.chosen.builder if self.chosen else None


def work(settings: Settings, workspace: Workspace, wanted: Wanted, options: BuildOptions) -> int:
    """Plan, then show the plan or run it. Returns the exit code."""
    _check_place(options.metadata)
    _check_registry(workspace, wanted.snapshot, options)
    job = _Job(settings, workspace, wanted, options, _chosen(workspace, wanted.snapshot, options))
    with contextlib.ExitStack() as stack:
        if job.builder:
            stack.callback(job.builder.close)
        registries = Registries(job.builder.plain_registries if job.builder else ())
        stack.callback(registries.close)
        return _work(job, registries)


def _work(job: _Job, registries: Registries) -> int:
    naming = _naming(job)
    holdings = _holdings(job, registries)
    plan = _plan(job, holdings)
    history = open_history(job.workspace, lambda problem: print_problems([problem], "warning"))
    expected = forecast(history, plan)
    # Counting what plain builds would send walks the disk: worth it beside a build, too slow for a look.
    sizes = None if job.options.dry_run else Sizes(job.workspace, job.wanted.snapshot.tree)
    view = View(job.wanted.snapshot, job.wanted.reasons, naming, plan, sizes, expected.known)
    report = _report(job, view, plan, expected)
    if job.options.dry_run:
        _warn_missing(plan, job.wanted.snapshot)
        show(plan_text(report), report, job.options.format_)
    elif plan.active:
        past = running.Past(expected.known, recorder(history, job.wanted.snapshot.graph))
        with history:
            return _run(job, plan, naming, report, past, _publisher(job, plan, holdings, registries))
    else:
        finish(report, job.options.metadata, job.options.format_)
    return ExitCode.DONE


def _run(job: _Job, plan: Plan, naming: Naming, report: Report, past: running.Past, publisher: Publisher | None) -> int:
    assert job.chosen is not None
    snapshot, builder, settings = job.wanted.snapshot, job.chosen.builder, job.settings
    limits = Limits(job.options.timeout, job.options.stall_timeout)
    policy = Policy(job.options.retries)
    how = running.Options(report.jobs, job.options.fail_fast, _epoch(job), limits, policy)
    with _explained(job.chosen):
        running.check(plan, snapshot, builder, naming, how)
    _note_missing_engine(job, builder)
    display = choose_display(settings.progress, verbose=settings.verbose > 0, color=settings.color)
    try:
        run = running.run(plan, snapshot, builder, naming, how, display.show, past, publisher)
    finally:
        display.close()
    images = tuple(replace(each, done=done(run, each.name)) for each in report.images)
    _print_failures(run)
    finish(replace(report, images=images, seconds=run.seconds), job.options.metadata, job.options.format_)
    return run.code


def _note_missing_engine(job: _Job, builder: Builder) -> None:
    """Say that images do not go where a user of Docker would look for them."""
    if job.chosen and job.chosen.no_engine and job.settings.progress not in ("json", "quiet"):
        why = job.chosen.no_engine.problems[0].message
        print_problems([Problem(f"{why}; building with the embedded builder into {builder.place}")], "note")


def _print_failures(run: running.Run) -> None:
    for outcome in run.outcomes.values():
        log = getattr(outcome.detail, "log", ())
        for line in log if outcome.status == "failed" else ():
            sys.stderr.write(f"  | {line}\n")
    print_problems(run.problems)


@contextlib.contextmanager
def _explained(chosen: Chosen) -> Iterator[None]:
    """Add to what the embedded builder cannot do why it was chosen at all."""
    try:
        yield
    except EnvironmentFault as error:
        if chosen.no_engine is None:
            raise
        hint = f"oci was chosen because {chosen.no_engine.problems[0].message}"
        raise EnvironmentFault(replace(each, hints=(*each.hints, hint)) for each in error.problems) from error


def _check_place(metadata: str | None) -> None:
    """Find out before hours of building that the result cannot be written."""
    folder = Path(metadata).parent if metadata else Path()
    if not folder.is_dir():
        raise UsageError(f"--metadata {metadata}: there is no folder {folder}")
    if metadata and not os.access(folder, os.W_OK):
        raise UsageError(f"--metadata {metadata}: {folder} cannot be written to")


def _check_registry(workspace: Workspace, snapshot: Snapshot, options: BuildOptions) -> None:
    """Refuse to push images whose names say nothing of a registry: they would go to Docker Hub."""
    if not options.push:
        return
    project = workspace.project(snapshot.tree)
    if project is None or not project.registry:
        raise ConfigError(
            f"{workspace.shown}: --push needs to know where to",
            "set 'registry', as in registry: registry.example.com/shop",
        )


def _chosen(workspace: Workspace, snapshot: Snapshot, options: BuildOptions) -> Chosen | None:
    """Return the builder; a dry run does without where there is none: then nothing exists, as far as anyone knows."""
    output = Path(options.output) if options.output else workspace.folder / ".mbuild" / "oci"
    try:
        return choose(options.builder or _configured(snapshot), Surroundings(output))
    except EnvironmentFault:
        if not options.dry_run:
            raise
        return None


def _configured(snapshot: Snapshot) -> str:
    """Return the builder that build.yaml asks for. A run has one: parents have to be where their children are built."""
    asked = sorted({each.builder for each in snapshot.images} - {"auto"})
    if len(asked) > 1:
        raise ConfigError(f"build.yaml asks for {' and '.join(asked)}, and a run has one builder", "name it: --builder")
    return asked[0] if asked else "auto"


def _naming(job: _Job) -> Naming:
    for each in job.options.tags:
        tag_template(each)
    head = job.wanted.head
    templates = [tag for each in job.wanted.snapshot.images for tag in each.tags] + list(job.options.tags)
    described = any("{branch}" in each for each in templates)
    branch = job.workspace.repository.describe().branch if described else None
    return Naming(job.options.tags, not job.options.push, placeholders(head.commit, head.dirty, branch))


def _holdings(job: _Job, registries: Registries) -> Holdings:
    """Find out what exists. Without a builder, and where ``--no-reuse`` says so, registries are not asked."""
    graph, options = job.wanted.snapshot.graph, job.options
    needed = graph.with_parents(job.wanted.reasons)
    asked = registries if options.reuse and job.builder else None
    return look(graph, needed, job.builder, asked, options.push, lambda each: print_problems([each], "warning"))


def _plan(job: _Job, holdings: Holdings) -> Plan:
    graph, force = job.wanted.snapshot.graph, job.options.force
    return make_plan(graph, job.wanted.reasons, holdings.existing, force=force, elsewhere=holdings.elsewhere)


def _publisher(job: _Job, plan: Plan, holdings: Holdings, registries: Registries) -> Publisher | None:
    options, graph = job.options, job.wanted.snapshot.graph
    named = bool(options.tags) and not options.push
    how = Publishing(options.push, options.tags_last, named)
    return publisher(how, plan, graph, holdings, job.builder, registries) if job.builder else None


def _epoch(job: _Job) -> int:
    """Return the time that everything sent carries: SOURCE_DATE_EPOCH, else that of the head commit."""
    given = job.workspace.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isascii() or not given.isdigit():
            raise UsageError(f"SOURCE_DATE_EPOCH: '{given}' is not a number of seconds")
        return int(given)
    commit = job.wanted.head.commit
    return job.workspace.repository.commit_time(commit) if commit else 0


def _warn_missing(plan: Plan, snapshot: Snapshot) -> None:
    for step in plan.active:
        if step.action == BUILD:
            node = snapshot.graph.nodes[step.image]
            print_problems(
                (running.missing_problem(each.source, node.name, each.where) for each in node.missing), "warning"
            )


def _jobs(job: _Job) -> int:
    """Return how many images are built at once: as many as the machine that builds has room for, unless it is said."""
    if job.options.jobs:
        return job.options.jobs
    return default_jobs((job.builder.capacity if job.builder else None) or this_machine())


def _report(job: _Job, view: View, plan: Plan, expected: Forecast) -> Report:
    wanted, builder, jobs = job.wanted, job.builder, _jobs(job)
    return Report(
        command=wanted.command,
        base=wanted.base,
        head=wanted.head,
        images=image_reports(view),
        order=plan.waves(),
        unowned=wanted.unowned,
        removed=wanted.removed,
        builder=builder.name if builder else "",
        place=builder.place if builder else "",
        estimate_seconds=expected.end(plan, jobs),
        jobs=jobs,
    )


def head_of(snapshot: Snapshot, ref: str | None) -> HeadInfo:
    """Describe the head of a command that compares nothing."""
    return head_info(snapshot.tree, ref)
