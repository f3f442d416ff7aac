"""The question behind every command: which images does the change between base and head affect, and why."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mbuild.app import leftout
from mbuild.app.graphs import Following
from mbuild.app.upward import at_tree
from mbuild.errors import ConfigError, MbuildError, Problem, UsageError, listed
from mbuild.git.base import Base, resolve_base
from mbuild.git.diff import diff
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.graph.affected import Affected, affected
from mbuild.graph.defined import Defined
from mbuild.graph.images import BuiltImages
from mbuild.graph.node import Graph
from mbuild.graph.readers import unread
from mbuild.graph.workshop import Workshop
from mbuild.output.report import BaseInfo, HeadInfo
from mbuild.output.words import count
from mbuild.process.begun import Begun, Later
from mbuild.values import dataclass, replace

if TYPE_CHECKING:
    from mbuild.app.graphs import Graphs, Made
    from mbuild.app.workspace import AnyTree, Snapshot, Workspace
    from mbuild.changes import Change
    from mbuild.graph.affected import Reason
    from mbuild.tree import Tree


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """Head compared with base. notes: what the reader should know, e.g. a base whose definitions cannot be read.

    trees:   of each commit that head was compared with.
    differs: gives what differs between each of them and head.
    """

    base: BaseInfo
    head: HeadInfo
    snapshot: Snapshot
    affected: Affected
    unowned: tuple[str, ...]
    notes: tuple[Problem, ...]
    trees: tuple[AnyTree, ...]
    differs: Callable[[], Sequence[Sequence[Change]]]

    def changes(self) -> Sequence[Change]:
        """Return what differs from any of the commits. Raises GitError."""
        found = self.differs()
        return found[0] if len(found) == 1 else tuple(dict.fromkeys(itertools.chain(*found)))

    def reasons_of(self, names: Sequence[str]) -> dict[str, tuple[Reason, ...]]:
        """Return the reasons of the affected images, of those named where some are. Raises UsageError."""
        reasons = self.affected.reasons
        if not names:
            return dict(reasons)
        return {name: reasons[name] for name in chosen(self.snapshot.graph, names) if name in reasons}


def ask(
    workspace: Workspace,
    *,
    base: str | None,
    head: str | None,
    missing_base_all: bool = False,
    meanwhile: Callable[[bool], None] | None = None,
) -> Answer:
    """Compare head (None: the work tree) with base (None: the default one). Raises MbuildError.

    meanwhile: is called while other processes work; more than once, perhaps. It is told whether that takes long: more
               than a tenth of a second in a big repository. None: there is nothing else to do.
    """
    commit = workspace.repository.resolve_commit(head) if head is not None else None
    looking = workspace.ahead if commit is None else None
    with _waited(looking or Begun(lambda: workspace.tree(commit))) as its_tree:
        found = _base(workspace, commit, base, missing_base_all)
        notes: list[Problem] = []
        trees: list[AnyTree] = [workspace.repository.commit_tree(each) for each in found.commits]
        trees = trees or [EmptyTree()]
        graphs = workspace.graphs
        # At base another build.yaml may hold for the working folder: the images that are gone with it are said then.
        placed = [at_tree(workspace, each) for each in trees]
        alone = len(trees) == 1 and placed[0] is workspace
        known = graphs.known(trees[0], its_tree()) if commit is not None and alone else None
        # Git need not say what differs where it is known what that means.
        differing = (Begun if known is None else Later)(lambda: [diff(each, its_tree()) for each in trees])
        with _waited(differing) as differs:
            if commit is not None:
                # What git was not asked for yet, or is to be compared with several, is not waited for.
                graphs = replace(graphs, following=_following(its_tree(), differs if known is None and alone else None))
            graphs = replace(graphs, meanwhile=partial(meanwhile, True)) if meanwhile else graphs
            pairs = zip(placed, trees, strict=True)
            bases = [_base_graph(at, graphs if at is workspace else at.graphs, each, notes) for at, each in pairs]
            if meanwhile:
                meanwhile(commit is None)
    tree = its_tree()
    snapshot, judged, unowned = _judged(workspace, graphs, placed, bases, tree, differs, known)
    guessed = workspace.is_guessed(tree)
    judged = leftout.weighed(judged, snapshot.graph, trees, bases, snapshot.notes, differs, tree if guessed else None)
    notes.extend(leftout.brought(bases, snapshot.notes)[:MOST_BROUGHT])
    if left := len(snapshot.notes):
        notes.append(
            Problem(f"{count(left, 'note')} on what was left out or guessed: mbuild init --dry-run shows them")
        )
    if not snapshot.graph.order:
        notes.append(Problem("there is no image that a change could affect", hints=("mbuild check may say why",)))
    if guessed:
        notes.extend(unseen(snapshot.graph, judged.reasons))
    return Answer(
        base=BaseInfo(found.ref, found.commits[0] if found.commits else None, found.how, found.unproven),
        head=head_info(tree, head),
        snapshot=snapshot,
        affected=judged,
        unowned=_unnamed(unowned, judged),
        notes=tuple(notes),
        trees=tuple(trees),
        differs=differs,
    )


@contextlib.contextmanager
def _waited(begun: Begun[T] | Later[T]) -> Iterator[Callable[[], T]]:
    """Give the result of what git does while something else is done, and wait for it in any case."""
    try:
        yield begun.result
    finally:
        begun.wait()


def _following(tree: Tree, differs: Callable[[], Sequence[Sequence[Change]]] | None) -> Following:
    """Return what comes after the graph at base."""
    return Following(tree, None if differs is None else lambda: differs()[0])


def _nothing() -> Graph:
    """Return a graph without images."""
    return Graph((), BuiltImages({}), Workshop(Defined(()), EmptyTree(), ""))


def _base(workspace: Workspace, commit: str | None, base: str | None, missing_all: bool) -> Base:
    try:
        repository, env = workspace.repository, workspace.environ
        return resolve_base(repository, base=base, env=env, head=commit, config=workspace.apart)
    except MbuildError:
        if not missing_all:
            raise
        return Base(base or "none", (), "no base could be found: everything counts as new (--missing-base all)")


def _base_graph(workspace: Workspace, graphs: Graphs, tree: Tree, notes: list[Problem]) -> Made | None:
    """Return the graph at base. What cannot be read there counts as absent, so that its images are affected."""
    try:
        made = graphs.at(tree)
    except ConfigError as error:
        notes.append(Problem(f"the base's {workspace.shown} cannot be read, so every image counts as new: {error}"))
        return None
    notes.extend(Problem(f"at the base: {each}") for each in (made.problems if made else ()))
    return made


def unseen(graph: Graph, but: Container[str]) -> Iterator[Problem]:
    """Yield which images copy files that something else has to make first. Whoever builds with mbuild gets an error.

    but: the images of which it does not matter.
    """
    names = [node.name for node in graph.nodes.values() if node.name not in but and node.missing]
    if names:
        message = f"a change of files that git does not have is not seen, and these images copy some: {_shown(names)}"
        yield Problem(message, hints=("mbuild check says which",))


def head_info(tree: AnyTree, ref: str | None) -> HeadInfo:
    """Describe the head."""
    if isinstance(tree, CommitTree):
        return HeadInfo(ref or "HEAD", tree.commit, False)
    if isinstance(tree, EmptyTree):
        return HeadInfo(ref or "HEAD", None, False)
    return HeadInfo("work tree", tree.head, tree.dirty)


def _judged(
    workspace: Workspace,
    graphs: Graphs,
    placed: Sequence[Workspace],
    bases: Sequence[Made | None],
    tree: AnyTree,
    differs: Callable[[], Sequence[Sequence[Change]]],
    known: bytes | None,
) -> tuple[Snapshot, Affected, tuple[str, ...]]:
    """Return what there is at head, which images differ from any base, and the changed paths that concern none.

    placed: the workspace that each base was read with. known: what ``Graphs.known`` has returned.
    """
    # From what another build.yaml says no graph can be made.
    sound = [each if at is workspace and each and each.whole else None for at, each in zip(placed, bases, strict=True)]
    only = sound[0] if len(sound) == 1 else None
    judged = graphs.judged(known, only, tree, lambda: differs()[0]) if known is not None and only else None
    if judged is not None:
        made, differing, unowned = judged
        return workspace.snapshot_of(tree, made), differing, unowned
    differences = differs()
    start = next((pair for pair in zip(sound, differences, strict=True) if pair[0]), None)
    found = graphs.after(start[0], tree, start[1]) if start and start[0] else graphs.at(tree)
    snapshot = workspace.snapshot_of(tree, found)
    compared = [each.graph if each else _nothing() for each in bases]
    differing = affected(compared, snapshot.graph, differences)
    pairs = zip(differences, compared, strict=True)
    unowned = _unowned(pairs, snapshot.graph, {each.inside for each in (workspace, *placed)}, differing)
    if only and found:
        graphs.remember(only, found, differences[0], differing, unowned)
    return snapshot, differing, unowned


def _unowned(
    compared: Iterable[tuple[Sequence[Change], Graph]], head: Graph, configs: Iterable[str | None], found: Affected
) -> tuple[str, ...]:
    """Return the paths that changed since some base and that no image reads and that define nothing."""
    changed: set[str] = set()
    owned = {*found.taken, *configs}
    for changes, base in compared:
        left = [each for each in changes if each.path not in owned]
        paths = {each.path for each in left}
        changed |= paths
        owned |= paths - set(unread(left, base, head, found.idle))
    return tuple(sorted(changed - owned))


def _unnamed(unowned: tuple[str, ...], judged: Affected) -> tuple[str, ...]:
    """Return the paths that no image reads and no reason names: those name files that state images, too."""
    if not unowned:
        return ()
    named = {each.path for reasons in judged.reasons.values() for each in reasons}
    return tuple(each for each in unowned if each not in named)


MOST_BROUGHT = 10
"""So many notes that a change has brought are said one by one."""
MOST_NAMES = 20
"""So many images are named where one that was asked for is not there."""


def _shown(names: Sequence[str]) -> str:
    return listed(names, MOST_NAMES) + (", which mbuild graph shows" if len(names) > MOST_NAMES else "")


def chosen(graph: Graph, names: Sequence[str]) -> tuple[str, ...]:
    """Check names given on the command line. Raises UsageError with the nearest names."""
    import difflib

    problems = []
    for name in names:
        if name not in graph.nodes:
            near = difflib.get_close_matches(name, graph.nodes, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"the images are: {_shown(tuple(graph.nodes))}"
            problems.append(Problem(f"there is no image '{name}'", hints=(hint,)))
    if problems:
        raise UsageError(problems)
    return tuple(dict.fromkeys(names))
