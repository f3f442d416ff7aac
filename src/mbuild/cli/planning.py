"""What a building command finds out before it builds: the builder, names, what exists, the plan."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from mbuild.app.capacity import this_machine
from mbuild.app.holdings import Holdings, look, unbuilt
from mbuild.app.publishing import Publisher, Publishing, left, publisher
from mbuild.app.requests import Naming, placeholders
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.early import Early
from mbuild.builders.registry import Chosen, Surroundings, choose
from mbuild.cli.boundary import print_problems
from mbuild.cli.job import Job
from mbuild.cli.settings import BuildOptions
from mbuild.errors import ConfigError, EnvironmentFault, Problem, UsageError, listed
from mbuild.graph.measuring import measure
from mbuild.names import registry_prefix, tag_template
from mbuild.output.words import count
from mbuild.process.share import share
from mbuild.references import parse_reference
from mbuild.registry.annotations import of_commit
from mbuild.registry.registries import Registries
from mbuild.schedule.jobs import default_jobs
from mbuild.schedule.plan import Plan, make_plan

MOST_NAMED = 10
"""So many images a warning names."""


def chosen(
    workspace: Workspace, snapshot: Snapshot, options: BuildOptions, early: Early | None = None
) -> Chosen | None:
    """Return the builder; a dry run does without where there is none: then nothing exists, as far as anyone knows."""
    output = Path(options.output) if options.output else workspace.output / "oci"
    try:
        return choose(options.builder or _configured(snapshot), Surroundings(output, (early or Early()).connect))
    except EnvironmentFault:
        if not options.dry_run:
            raise
        return None


def _configured(snapshot: Snapshot) -> str:
    """Return the builder that build.yaml asks for. A run has one: parents have to be where their children are built."""
    asked = sorted({each.said("builder") for each in snapshot.graph.nodes.values()} - {"auto"})
    if len(asked) > 1:
        raise ConfigError(f"build.yaml asks for {' and '.join(asked)}, and a run has one builder", "name it: --builder")
    return asked[0] if asked else "auto"


def naming(job: Job) -> Naming:
    """Return how results are named. Raises UsageError for a tag that is none."""
    for each in job.options.tags:
        tag_template(each)
    head = job.wanted.head
    nodes = job.wanted.snapshot.graph.nodes.values()
    templates = [*(tag for each in nodes for tag in each.said("tags")), *job.options.tags]
    described = any("{branch}" in each for each in templates)
    branch = _branch(job.workspace, head.ref, head.commit) if described else None
    return Naming(job.options.tags, not job.options.push, placeholders(head.commit, head.dirty, branch))


def _branch(workspace: Workspace, ref: str, commit: str | None) -> str | None:
    """Return the branch that is built: with ``--head`` it need not be the one that is checked out."""
    repository = workspace.repository
    there = repository.describe()
    named = None if ref == "work tree" else repository.branch_named(ref)
    return named or (there.branch if ref == "work tree" or commit == there.head else None)


def holdings(job: Job, registries: Registries) -> Holdings:
    """Find out what exists. Without a builder, and where ``--no-reuse`` says so, registries are not asked."""
    graph, options, source = job.wanted.snapshot.graph, job.options, promotion(job)
    needed = graph.with_parents(job.asked)
    measure(graph, needed, share)
    asked = registries if options.reuse and job.builder else None
    found = look(graph, needed, job.builder, asked, options.push, _warn, source)
    lacking = sorted(set(job.asked) - found.existing) if source and asked and not options.force else []
    if lacking:
        shown = listed(lacking, 3)
        print_problems([Problem(f"{source} has no build of {shown} as it is now: not promoted, but built")], "note")
    return found


def _warn(problem: Problem) -> None:
    print_problems([problem], "warning")


def promotion(job: Job) -> str:
    """Return the prefix that images are promoted from, "" for none. Raises UsageError where that cannot be."""
    source = job.options.promote_from
    if source is None:
        return ""
    project = job.workspace.project(job.wanted.snapshot.tree)
    place = project.registry if project else ""
    if not job.options.push or not job.options.reuse:
        raise UsageError("--promote-from promotes what is pushed: it goes with --push, and not with --no-reuse")
    here, there = (parse_reference(f"{each}/image").domain for each in (place, registry_prefix(source)))
    if here != there:
        raise UsageError(
            f"--promote-from {source}: images are pushed to {here}, and blobs are mounted within one registry only",
            f"copy them to {here} first, as with skopeo copy --all docker://{there}/… docker://{here}/…",
        )
    return source


def warn_unbuilt(job: Job, registries: Registries) -> None:
    """Say which images are not affected although no registry has them: a run before this one may have failed.

    Where the base is known to have been built, and for a pull request, that is no question.
    """
    wanted, options = job.wanted, job.options
    if not options.push or wanted.base is None or not wanted.base.unproven or options.shard not in (None, 1):
        return
    graph = wanted.snapshot.graph
    missing = unbuilt(graph, [name for name in graph.nodes if name not in wanted.reasons], registries)
    if missing:
        images = f"{count(len(missing), 'image')} that the change does not affect: {listed(missing, MOST_NAMED)}"
        hint = "a run before this one may have failed: mbuild all --push builds what is missing"
        print_problems([Problem(f"the registry has no build of {images}", hints=(hint,))], "warning")


def planned(job: Job, found: Holdings) -> Plan:
    """Return what to do with each image."""
    graph, force = job.wanted.snapshot.graph, job.options.force
    return make_plan(graph, job.asked, found.existing, force=force, elsewhere=found.elsewhere)


def publishing(job: Job, plan: Plan, found: Holdings, registries: Registries) -> Publisher | None:
    """Return what brings and publishes images; None where registries have no part in the run."""
    options, graph = job.options, job.wanted.snapshot.graph
    named, notes = _named(job, found), _notes(job) if options.annotations else None
    how = Publishing(options.push, options.tags_last, named, notes)
    return publisher(how, plan, graph, found, job.builder, registries) if job.builder else None


def unnamed(job: Job, plan: Plan, found: Holdings) -> Collection[str]:
    """Return the images that get no name but the content tag that they have in their registry."""
    return () if job.options.push else left(plan, found, _named(job, found))


def _named(job: Job, found: Holdings) -> Collection[str]:
    """Return, of the images that only a registry has, those that ``--tag`` or build.yaml gives names here."""
    nodes, options = job.wanted.snapshot.graph.nodes, job.options
    return () if options.push else [each for each in found.elsewhere if options.tags or nodes[each].said("tags")]


def _notes(job: Job) -> dict[str, str]:
    """Return the annotations of what is published: the commit, its time, and where it can be looked at."""
    head = job.wanted.head
    return of_commit(head.commit, head.dirty, epoch(job), job.workspace.repository.source()) if job.options.push else {}


def epoch(job: Job) -> int:
    """Return the time that everything sent carries: SOURCE_DATE_EPOCH, else that of the head commit."""
    given = job.workspace.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isascii() or not given.isdigit():
            raise UsageError(f"SOURCE_DATE_EPOCH: '{given}' is not a number of seconds")
        return int(given)
    commit = job.wanted.head.commit
    return job.workspace.repository.commit_time(commit) if commit else 0


def jobs(job: Job) -> int:
    """Return how many images are built at once: as many as the machine that builds has room for, unless it is said."""
    if job.options.jobs:
        return job.options.jobs
    return default_jobs((job.builder.capacity if job.builder else None) or this_machine())
