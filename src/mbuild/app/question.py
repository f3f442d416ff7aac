"""The question behind every command: which images does the change between base and head affect, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mbuild.app.workspace import AnyTree, Snapshot, Workspace
from mbuild.errors import ConfigError, DockerfileError, MbuildError, Problem, UsageError
from mbuild.git.base import Base, resolve_base
from mbuild.git.diff import Change, diff
from mbuild.git.trees import EmptyTree
from mbuild.git.worktree import WorkTree
from mbuild.graph.affected import Affected, affected
from mbuild.graph.model import Graph
from mbuild.graph.readers import read_paths
from mbuild.output.report import BaseInfo, HeadInfo
from mbuild.output.words import count


@dataclass(frozen=True, slots=True)
class Answer:
    """Head compared with base. notes: what the reader should know, e.g. a base whose definitions cannot be read."""

    base: BaseInfo
    head: HeadInfo
    snapshot: Snapshot
    bases: tuple[Graph, ...]
    affected: Affected
    changes: tuple[Change, ...]
    unowned: tuple[str, ...]
    notes: tuple[Problem, ...]


def ask(workspace: Workspace, *, base: str | None, head: str | None, missing_base_all: bool = False) -> Answer:
    """Compare head (None: the work tree) with base (None: the default one). Raises MbuildError."""
    tree = workspace.head(head)
    found = _base(workspace, tree, base, head, missing_base_all)
    snapshot = workspace.snapshot(tree)
    notes: list[Problem] = []
    if left := len(snapshot.project.notes):
        notes.append(
            Problem(f"{count(left, 'note')} on what was left out or guessed: mbuild init --dry-run shows them")
        )
    trees = [_base_tree(workspace, commit) for commit in found.commits] or [EmptyTree()]
    graphs = tuple(_base_graph(workspace, each, notes) for each in trees)
    changes = tuple(dict.fromkeys(change for each in trees for change in diff(each, tree)))
    return Answer(
        base=BaseInfo(found.ref, found.commits[0] if found.commits else None, found.how),
        head=head_info(tree, head),
        snapshot=snapshot,
        bases=graphs,
        affected=affected(graphs, snapshot.graph),
        changes=changes,
        unowned=_unowned(changes, (*graphs, snapshot.graph), workspace.inside),
        notes=tuple(notes),
    )


def _base(workspace: Workspace, tree: AnyTree, base: str | None, head: str | None, missing_all: bool) -> Base:
    commit = None if isinstance(tree, WorkTree) or head is None else workspace.repository.resolve_commit(head)
    try:
        return resolve_base(workspace.repository, base=base, env=workspace.environ, head=commit)
    except MbuildError:
        if not missing_all:
            raise
        return Base(base or "none", (), "no base could be found: everything counts as new (--missing-base all)")


def _base_tree(workspace: Workspace, commit: str) -> AnyTree:
    return workspace.repository.commit_tree(commit)


def _base_graph(workspace: Workspace, tree: AnyTree, notes: list[Problem]) -> Graph:
    """Return the graph at base. What cannot be read there counts as absent, so that its images are affected."""
    empty = Graph({}, ())
    try:
        project = workspace.project(tree)
    except ConfigError as error:
        notes.append(Problem(f"the base's {workspace.shown} cannot be read, so every image counts as new: {error}"))
        return empty
    if project is None:
        return empty
    problems: list[Problem] = []
    try:
        graph = workspace.snapshot(tree, problems=problems).graph
    except DockerfileError as error:
        problems.extend(error.problems)
        graph = empty
    notes.extend(Problem(f"at the base: {each}") for each in problems)
    return graph


def head_info(tree: AnyTree, ref: str | None) -> HeadInfo:
    """Describe the head."""
    if isinstance(tree, WorkTree):
        return HeadInfo("work tree", tree.head, tree.dirty)
    return HeadInfo(ref or "HEAD", tree.commit if not isinstance(tree, EmptyTree) else None, False)


def _unowned(changes: Iterable[Change], graphs: Sequence[Graph], config: str | None) -> tuple[str, ...]:
    """Return the changed paths that no image reads and that define nothing."""
    owned = read_paths(graphs) | ({config} if config else set())
    return tuple(sorted({change.path for change in changes} - owned))


def chosen(graph: Graph, names: Sequence[str]) -> tuple[str, ...]:
    """Check names given on the command line. Raises UsageError with the nearest names."""
    import difflib

    problems = []
    for name in names:
        if name not in graph.nodes:
            near = difflib.get_close_matches(name, graph.nodes, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"the images are: {', '.join(graph.nodes)}"
            problems.append(Problem(f"there is no image '{name}'", hints=(hint,)))
    if problems:
        raise UsageError(problems)
    return tuple(dict.fromkeys(names))
