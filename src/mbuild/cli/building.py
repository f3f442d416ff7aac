"""What ``affected``, ``all`` and ``build`` have in common: plan, show or run, report."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mbuild.app import running
from mbuild.app.question import Answer, ask, head_info
from mbuild.app.reporting import Sizes, View, image_reports
from mbuild.app.requests import Naming, content_name, placeholders
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.protocol import Builder
from mbuild.builders.registry import Surroundings, choose
from mbuild.cli.boundary import print_problems
from mbuild.cli.main import Settings
from mbuild.errors import ConfigError, EnvironmentFault, ExitCode, MbuildError, Problem, UsageError
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


def question(workspace: Workspace, *, base: str | None, head: str | None, missing_base: str) -> Answer:
    """Ask what is affected and print what the reader should know about the answer."""
    answer = ask(workspace, base=base, head=head, missing_base_all=missing_base == "all")
    print_problems(answer.notes, "warning")
    return answer


def work(settings: Settings, workspace: Workspace, wanted: Wanted, options: BuildOptions) -> int:
    """Plan, then show the plan or run it. Returns the exit code."""
    _refuse_unfinished(options)
    tell = not options.dry_run and settings.progress not in ("json", "quiet")
    builder, why_none = _builder(workspace, wanted.snapshot, options, tell=tell)
    with contextlib.closing(builder) if builder else contextlib.nullcontext():
        return _work(settings, workspace, wanted, options, builder, why_none)


def _work(
    settings: Settings,
    workspace: Workspace,
    wanted: Wanted,
    options: BuildOptions,
    builder: Builder | None,
    why_none: EnvironmentFault | None,
) -> int:
    naming = _naming(workspace, wanted, options)
    plan = _plan(wanted, builder, options)
    # Counting what plain builds would send walks the disk: worth it beside a build, too slow for a look.
    sizes = None if options.dry_run else Sizes(workspace, wanted.snapshot.tree)
    view = View(wanted.snapshot, wanted.reasons, naming, plan, None, sizes)
    report = _report(wanted, view, plan, builder)
    if options.dry_run:
        _warn_missing(plan, wanted.snapshot)
        _print(plan_text(report), report, options)
        return ExitCode.DONE
    if not plan.active:
        _finish(report, options)
        return ExitCode.DONE
    if builder is None:
        assert why_none is not None
        raise why_none
    return _run(settings, workspace, wanted, options, builder, view)


def _run(
    settings: Settings, workspace: Workspace, wanted: Wanted, options: BuildOptions, builder: Builder, view: View
) -> int:
    plan = view.plan
    assert plan is not None
    how = running.Options(options.jobs or os.cpu_count() or 1, options.fail_fast, _epoch(workspace, wanted))
    problems = running.check(plan, wanted.snapshot, builder, view.naming, how)
    if problems:
        raise _refusal(problems)
    # What is reported about contexts is counted before anything changes under it.
    before = image_reports(view)
    display = choose_display(settings.progress, verbose=settings.verbose > 0, color=settings.color)
    try:
        run = running.run(plan, wanted.snapshot, builder, view.naming, how, display.show)
    finally:
        display.close()
    done = {each.name: each.done for each in image_reports(replace(view, run=run, plan=plan))}
    images = tuple(replace(each, done=done[each.name]) for each in before)
    report = replace(_report(wanted, view, plan, builder), images=images, seconds=run.seconds)
    _print_failures(run)
    _finish(report, options)
    return run.code


def _print_failures(run: running.Run) -> None:
    for outcome in run.outcomes.values():
        log = getattr(outcome.detail, "log", ())
        for line in log if outcome.status == "failed" else ():
            sys.stderr.write(f"  | {line}\n")
    print_problems(run.problems)


def _refusal(problems: tuple[Problem, ...]) -> MbuildError:
    """Return the error that ends the run before it begins: a Dockerfile's fault, unless the builder lacks something."""
    lacking = all("need" in each.message for each in problems)
    return EnvironmentFault(problems) if lacking else ConfigError(problems)


def _refuse_unfinished(options: BuildOptions) -> None:
    if options.push:
        raise UsageError("--push is not there yet", "push the tags that mbuild made with docker push")


def _builder(
    workspace: Workspace, snapshot: Snapshot, options: BuildOptions, *, tell: bool
) -> tuple[Builder | None, EnvironmentFault | None]:
    """Return the builder; a dry run does without where there is none: then nothing exists, as far as anyone knows."""
    from platformdirs import user_cache_path

    configured = {each.builder for each in snapshot.project.images} - {"auto"}
    name = options.builder or (configured.pop() if len(configured) == 1 else "auto")
    output = Path(options.output) if options.output else workspace.folder / ".mbuild" / "oci"
    try:
        chosen = choose(name, Surroundings(output, user_cache_path("mbuild")))
    except EnvironmentFault as error:
        if not options.dry_run:
            raise
        return None, error
    if chosen.no_engine and tell:
        why = chosen.no_engine.problems[0].message
        print_problems([Problem(f"{why}; building with the embedded builder into {output}")], "note")
    return chosen.builder, None


def _naming(workspace: Workspace, wanted: Wanted, options: BuildOptions) -> Naming:
    for each in options.tags:
        tag_template(each)
    head = wanted.head
    templates = [tag for each in wanted.snapshot.project.images for tag in each.tags] + list(options.tags)
    described = any("{branch}" in each for each in templates)
    branch = workspace.repository.describe().branch if described else None
    values = placeholders(head.commit, head.dirty, branch)
    return Naming(options.tags, not options.push, values)


def _plan(wanted: Wanted, builder: Builder | None, options: BuildOptions) -> Plan:
    names = {content_name(node): name for name, node in wanted.snapshot.graph.nodes.items()}
    held = builder.existing(names) if builder else {}
    existing = {names[each] for each in held}
    return make_plan(wanted.snapshot.graph, wanted.reasons, existing, force=options.force)


def _epoch(workspace: Workspace, wanted: Wanted) -> int:
    """Return the time that everything sent carries: SOURCE_DATE_EPOCH, else that of the head commit."""
    given = workspace.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isascii() or not given.isdigit():
            raise UsageError(f"SOURCE_DATE_EPOCH: '{given}' is not a number of seconds")
        return int(given)
    return workspace.repository.commit_time(wanted.head.commit) if wanted.head.commit else 0


def _warn_missing(plan: Plan, snapshot: Snapshot) -> None:
    for step in plan.active:
        if step.action == BUILD:
            node = snapshot.graph.nodes[step.image]
            print_problems(
                (running.missing_problem(each.source, node.name, each.where) for each in node.missing), "warning"
            )


def _report(wanted: Wanted, view: View, plan: Plan, builder: Builder | None) -> Report:
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


def print_json(value: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def write_json(path: Path, value: Any) -> None:
    """Write an answer to a file, all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EnvironmentFault(f"{path}: {error.strerror}") from error


def head_of(snapshot: Snapshot, ref: str | None) -> HeadInfo:
    """Describe the head of a command that compares nothing."""
    return head_info(snapshot.tree, ref)
