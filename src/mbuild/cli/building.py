"""What ``affected``, ``all`` and ``build`` have in common: plan, show or run, report."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mbuild.app import running
from mbuild.app.question import head_info
from mbuild.app.reporting import Sizes, View, done, image_reports
from mbuild.app.requests import Naming, content_name, placeholders
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.protocol import Builder
from mbuild.builders.registry import Chosen, Surroundings, choose
from mbuild.cli.answering import as_text, print_json
from mbuild.cli.boundary import print_problems
from mbuild.cli.settings import Settings
from mbuild.errors import ConfigError, EnvironmentFault, ExitCode, Problem, UsageError
from mbuild.graph.affected import Reason
from mbuild.names import tag_template
from mbuild.output.display import choose as choose_display
from mbuild.output.report import BaseInfo, HeadInfo, Report, as_json
from mbuild.output.text import plan_text, result_text
from mbuild.schedule.plan import BUILD, Plan, make_plan


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The flags that the building commands share."""

    dry_run: bool = False
    builder: str | None = None
    jobs: int | None = None
    fail_fast: bool = False
    force: bool = False
    push: bool = False
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
    _refuse_unfinished(options)
    _check_place(options.metadata)
    job = _Job(settings, workspace, wanted, options, _chosen(workspace, wanted.snapshot, options))
    with contextlib.closing(job.builder) if job.builder else contextlib.nullcontext():
        return _work(job)


def _work(job: _Job) -> int:
    naming = _naming(job)
    plan = _plan(job)
    # Counting what plain builds would send walks the disk: worth it beside a build, too slow for a look.
    sizes = None if job.options.dry_run else Sizes(job.workspace, job.wanted.snapshot.tree)
    report = _report(job, View(job.wanted.snapshot, job.wanted.reasons, naming, plan, sizes), plan)
    if job.options.dry_run:
        _warn_missing(plan, job.wanted.snapshot)
        _print(plan_text(report), report, job.options)
    elif plan.active:
        return _run(job, plan, naming, report)
    else:
        _finish(report, job.options)
    return ExitCode.DONE


def _run(job: _Job, plan: Plan, naming: Naming, report: Report) -> int:
    assert job.chosen is not None
    snapshot, builder, settings = job.wanted.snapshot, job.chosen.builder, job.settings
    how = running.Options(job.options.jobs or os.cpu_count() or 1, job.options.fail_fast, _epoch(job))
    with _explained(job.chosen):
        running.check(plan, snapshot, builder, naming, how)
    _note_missing_engine(job, builder)
    display = choose_display(settings.progress, verbose=settings.verbose > 0, color=settings.color)
    try:
        run = running.run(plan, snapshot, builder, naming, how, display.show)
    finally:
        display.close()
    images = tuple(replace(each, done=done(run, each.name)) for each in report.images)
    _print_failures(run)
    _finish(replace(report, images=images, seconds=run.seconds), job.options)
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


def _refuse_unfinished(options: BuildOptions) -> None:
    if options.push:
        raise UsageError("--push is not there yet", "push the tags that mbuild made with docker push")


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


def _plan(job: _Job) -> Plan:
    graph = job.wanted.snapshot.graph
    needed = graph.with_parents(job.wanted.reasons)
    names = {content_name(graph.nodes[name]): name for name in needed}
    held = job.builder.existing(names) if job.builder else {}
    return make_plan(graph, job.wanted.reasons, {names[each] for each in held}, force=job.options.force)


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


def _report(job: _Job, view: View, plan: Plan) -> Report:
    wanted, builder = job.wanted, job.builder
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
    )


def _finish(report: Report, options: BuildOptions) -> None:
    if options.metadata:
        write_json(Path(options.metadata), as_json(report))
    _print(result_text(report), report, options)


def _print(text: str, report: Report, options: BuildOptions) -> None:
    if options.format_ == "json":
        print_json(as_json(report))
    else:
        sys.stdout.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write an answer to a file, all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(as_text(value), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EnvironmentFault(f"{path}: {error.strerror}") from error


def head_of(snapshot: Snapshot, ref: str | None) -> HeadInfo:
    """Describe the head of a command that compares nothing."""
    return head_info(snapshot.tree, ref)
