"""What ``affected``, ``all`` and ``build`` have in common: plan, show or run, report."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mbuild.app import running, targets
from mbuild.app.past import Forecast, everything, forecast, open_bases, open_history, open_logs, recorder
from mbuild.app.publishing import Publisher
from mbuild.app.record import Places, lacking, recorded
from mbuild.app.reporting import View, done, image_reports
from mbuild.app.requests import Naming
from mbuild.app.sizes import Counted, Roots, Sizes, count, places_of, with_sizes
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.early import Early
from mbuild.builders.protocol import Builder
from mbuild.builders.registry import Chosen
from mbuild.cli import formats, paging, parting
from mbuild.cli.boundary import print_problems
from mbuild.cli.finishing import finish, show
from mbuild.cli.job import Job, Wanted
from mbuild.cli.locking import clear, owner
from mbuild.cli.planning import chosen, epoch, holdings, jobs, naming, planned, publishing, unnamed, warn_unbuilt
from mbuild.cli.settings import BuildOptions, Settings
from mbuild.dockerfile.epoch import NAME as EPOCH
from mbuild.errors import ConfigError, EnvironmentFault, ExitCode, MbuildError, Problem, UsageError, printable
from mbuild.events import Event
from mbuild.output.display import choose as choose_display
from mbuild.output.report import Report
from mbuild.output.text import plan_text
from mbuild.process.begun import Begun
from mbuild.registry.registries import Registries
from mbuild.schedule.plan import BUILD, Plan
from mbuild.schedule.retry import Policy
from mbuild.schedule.watch import Limits
from mbuild.store.logs import Logs
from mbuild.values import replace

_STOPPED = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)


def work(
    settings: Settings, workspace: Workspace, wanted: Wanted, options: BuildOptions, early: Early | None = None
) -> int:
    """Plan, then show the plan or run it. Returns the exit code. early: may have connected to the engine already."""
    _check_place("--metadata", options.metadata)
    _check_place("--junit", options.junit)
    _check_place("--report", options.report)
    if options.metadata_format != "json" and wanted.command != "all":
        raise UsageError(
            f"--metadata-format {options.metadata_format} is a record of every image", "mbuild all makes it"
        )
    _check_registry(workspace, wanted.snapshot, options)
    formats.check(options.format_, looking=options.dry_run)
    parting.check(options.shards, options.shard, looking=options.dry_run)
    parts, asked = parting.mine(wanted.snapshot.graph, wanted.reasons, options.shards, options.shard)
    builder = chosen(workspace, wanted.snapshot, options, early)
    job = Job(settings, workspace, wanted, options, builder, parts, asked)
    with contextlib.ExitStack() as stack:
        if job.builder:
            stack.callback(job.builder.close)
        registries = Registries(job.builder.plain_registries if job.builder else ())
        stack.callback(registries.close)
        return _work(job, registries)


def _work(job: Job, registries: Registries) -> int:
    names = naming(job)
    if job.builder and not job.options.dry_run:
        clear(job.workspace, job.builder)
    found = holdings(job, registries)
    plan = planned(job, found)
    warn_unbuilt(job, registries)
    history = open_history(job.workspace, lambda problem: print_problems([problem], "warning"))
    expected = forecast(history, plan)
    view = View(job.wanted.snapshot, job.wanted.reasons, names, plan, expected.known, unnamed(job, plan, found))
    report = _report(job, view, plan, expected)
    if job.options.dry_run:
        _warn_missing(plan, job.wanted.snapshot)
        report = _detailed(job, report, plan, names)
        with paging.beside(job.options.report, lambda: paging.of_plan(job, report, plan, expected)):
            show(plan_text, report, job.options.format_)
    elif plan.active:
        assert job.builder is not None
        bases = open_bases(job.workspace)
        known = lambda image: bases.get(found.ids.get(image))  # noqa: E731
        graph = job.wanted.snapshot.graph
        past = running.Past(
            expected.known, known, lambda: everything(history, graph, report.jobs), recorder(history, graph, bases)
        )
        publisher = publishing(job, plan, found, registries)
        with history:
            return _run(
                job, plan, names, report, past, publisher, Places(job.builder, registries, bases, found.registry)
            )
    else:
        finish(report, job.options, paging.Paging(job.options.report, job.wanted.snapshot))
    return ExitCode.DONE


def _run(
    job: Job,
    plan: Plan,
    names: Naming,
    report: Report,
    past: running.Past,
    publisher: Publisher | None,
    places: Places,
) -> int:
    assert job.chosen is not None
    snapshot, builder, settings = job.wanted.snapshot, job.chosen.builder, job.settings
    limits = Limits(job.options.timeout, job.options.stall_timeout)
    policy = Policy(job.options.retries)
    dated = bool(job.workspace.environ.get(EPOCH))
    how = running.Options(report.jobs, job.options.fail_fast, epoch(job), limits, policy, owner(job.workspace), dated)
    with _explained(job.chosen):
        running.check(plan, snapshot, builder, names, how, publisher)
    _note_missing_engine(job, builder)
    display = choose_display(
        settings.progress, verbose=settings.verbose > 0, color=settings.color, expected=past.seconds
    )
    noted = paging.Paging(job.options.report, snapshot)
    logs = open_logs(job.workspace, lambda problem: print_problems([problem], "warning"))

    def show(event: Event) -> None:
        logs.show(event)
        display.show(event)

    roots = places_of(snapshot.graph, [step.image for step in plan.active if step.action == BUILD])
    # Looks at every file of the context roots: beside the builds, none of which waits for it.
    counting = Begun(lambda: count(Sizes(job.workspace, snapshot.tree), roots))
    try:
        with noted.surviving(report):
            run = running.run(plan, snapshot, builder, names, how, noted.listening(show), past, publisher)
    finally:
        display.close()
        logs.close()
    images = tuple(replace(each, done=done(run, each.name, logs.path(each.name))) for each in report.images)
    _print_failures(run, logs)
    ended = replace(report, images=images, seconds=run.seconds, all_seconds=past.everything())
    ended = _sized(ended, run, roots, counting)
    whole, problems = _recorded(job, ended, run, places)
    if run.code != ExitCode.DONE:
        problems = ()  # of a run that failed the record says what is known
    print_problems(problems)
    noted.stopped(run.code)
    finish(whole, replace(job.options, metadata=None) if problems else job.options, noted)
    return run.code or (ExitCode.FAILED if problems else ExitCode.DONE)


def _sized(report: Report, run: running.Run, roots: Roots, counting: Begun[Counted]) -> Report:
    """Add what plain builds would have sent; who has stopped a run does not wait for that."""
    if run.code in _STOPPED and not counting.ended:
        return report
    found, problems = counting.result()
    print_problems(problems, "warning")
    return with_sizes(report, roots, found)


def _recorded(job: Job, report: Report, run: running.Run, places: Places) -> tuple[Report, Sequence[Problem]]:
    """Add what images are made of where that is wanted; the problems are why a record cannot be written."""
    if not job.options.metadata and job.options.format_ != "json":
        return report, ()
    if run.code in _STOPPED:
        places = replace(places, registries=None)  # one that is silent may be why
    try:
        found = recorded(report, run, job.wanted.snapshot.graph, places)
    except MbuildError as error:
        return report, error.problems
    return found, lacking(found) if job.options.metadata else ()


def _note_missing_engine(job: Job, builder: Builder) -> None:
    """Say that images do not go where a user of Docker would look for them."""
    if job.chosen and job.chosen.no_engine and job.settings.progress not in ("json", "quiet"):
        why = job.chosen.no_engine.problems[0].message
        print_problems([Problem(f"{why}; building with the embedded builder into {builder.place}")], "note")


def _print_failures(run: running.Run, logs: Logs) -> None:
    for image, outcome in run.outcomes.items():
        if outcome.status != "failed":
            continue
        for line in getattr(outcome.detail, "log", ()):
            sys.stderr.write(f"  | {printable(line)}\n")
        if (file := logs.path(image)) is not None:
            sys.stderr.write(f"  full log: {printable(str(file))}\n")
    print_problems(run.warnings, "warning")
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


def _check_place(option: str, file: str | None) -> None:
    """Find out before hours of building that the result cannot be written."""
    folder = Path(file).parent if file else Path()
    if not folder.is_dir():
        raise UsageError(f"{option} {file}: there is no folder {folder}")
    if file and not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {file}: {folder} cannot be written to")


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


def _warn_missing(plan: Plan, snapshot: Snapshot) -> None:
    for step in plan.active:
        if step.action == BUILD:
            node = snapshot.graph.nodes[step.image]
            print_problems(
                (running.missing_problem(each.source, node.name, each.where) for each in node.missing), "warning"
            )


def _report(job: Job, view: View, plan: Plan, expected: Forecast) -> Report:
    wanted, builder, at_once = job.wanted, job.builder, jobs(job)
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
        estimate_seconds=expected.end(plan, at_once),
        jobs=at_once,
        parts=job.parts,
        shard=job.options.shard,
    )


def _detailed(job: Job, report: Report, plan: Plan, names: Naming) -> Report:
    """Add to a plan what only some formats tell."""
    options, wanted = job.options, job.wanted
    head = wanted.head.commit if wanted.head.ref != "work tree" else None
    again = formats.again(options.format_, job.settings, job.workspace.repository.top, head, options)
    parts = job.parts or parting.all_parts(report, options.shards)
    if not formats.describes_builds(options.format_):
        return replace(report, parts=parts, again=again)
    found = targets.targets(wanted.snapshot, plan, names)
    print_problems(targets.differences(job.workspace, wanted.snapshot, plan), "warning")
    return replace(report, parts=parts, again=again, targets=found)
