"""Replays history: what each commit would have rebuilt. Everything comes from git objects; nothing is checked out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.leftout import weighed
from mbuild.app.question import unseen
from mbuild.app.reporting import context_info
from mbuild.app.upward import at_tree, for_head, for_tree
from mbuild.app.workspace import Snapshot, open_workspace
from mbuild.errors import ConfigError, DockerfileError, GitError, Problem
from mbuild.git.bring import bring
from mbuild.git.diff import diff
from mbuild.git.history import Commit, first_parents, missing_history
from mbuild.graph.affected import Affected, affected
from mbuild.graph.impact import causes
from mbuild.output.simulation import Replayed
from mbuild.process.spread import spread
from mbuild.schedule.estimate import Costs, costs, estimates
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.app.graphs import Graphs, Made
    from mbuild.app.workspace import Workspace
    from mbuild.git.trees import CommitTree
    from mbuild.store.history import History


FEWEST = 30
"""So many commits are worth a process: its first graph is made from nothing."""


def commits_of(
    workspace: Workspace, last: int | None, range_: str | None, warn: Callable[[Problem], None]
) -> tuple[Commit, ...]:
    """Return the commits that were asked for, oldest first. range_: ``A..B``, or a commit and all before it.

    warn: is told where a shallow clone has only some of them. Raises GitError, also where it has none.
    """
    repository = workspace.repository
    start, dots, end = (range_ or "HEAD").rpartition("..")
    head = repository.resolve_commit(end or "HEAD")
    after = repository.resolve_commit(start) if dots and start else None
    found = first_parents(repository.git, head, most=last, after=after)
    try:
        while (fetch := missing_history(repository, found, last, after)) is not None:
            have = sum(each.parent is not None for each in found)
            bring(repository, fetch, GitError(f"this shallow clone has {have} of the commits to replay"))
            before, found = found, first_parents(repository.git, head, most=last, after=after)
            if found == before:
                break  # the remote has no more of it
    except GitError as error:
        if not any(each.parent for each in found):
            raise
        warn(error.problems[0])
    return found


def costs_of(history: History, commits: Iterable[Replayed]) -> Costs:
    """Return what building the images of some commits takes, as builds of them took here."""
    names = sorted({name for each in commits for name in each.images})
    return costs(estimates(history.latest(names)))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a replay for a process of its own: where mbuild works, as for ``open_workspace``, and the commits."""

    directory: Path
    config: Path | None
    commits: tuple[Commit, ...]


def replay_part(part: Part) -> tuple[Replayed, ...]:
    """Replay a part. Raises GitError where an object is missing."""
    workspace = for_head(open_workspace(part.directory, part.config, looking=True), None)
    return tuple(replay(workspace, part.commits))


def replay_all(workspace: Workspace, whole: Part, processes: int) -> tuple[Replayed, ...]:
    """Replay commits, oldest first, in some processes at once. Raises GitError where an object is missing.

    A replay that may fetch stays in one process: fetches go one after the other.
    """
    commits = whole.commits
    processes = min(processes, len(commits) // FEWEST) if workspace.repository.fetcher is None else 1
    if processes < 2:
        return tuple(replay(workspace, commits))
    cuts = [len(commits) * number // processes for number in range(processes + 1)]
    parts = [replace(whole, commits=commits[begin:end]) for begin, end in itertools.pairwise(cuts)]
    return tuple(itertools.chain.from_iterable(spread(replay_part, parts)))


def replay(workspace: Workspace, commits: Iterable[Commit]) -> Iterator[Replayed]:
    """Replay commits, oldest first: the graph of each is made from that of the one before where that is its parent.

    Raises GitError where an object is missing.
    """
    course = _Course(workspace)
    for commit in commits:
        if commit.parent is not None:
            try:
                yield course.step(commit, commit.parent)
            except (ConfigError, DockerfileError) as error:
                course.lose()
                yield Replayed(commit, problem=error.problems[0])


def doubts(workspace: Workspace, replayed: Sequence[Replayed]) -> tuple[Problem, ...]:
    """Return what the reader of a replay should know of the last commit's images. Raises MbuildError."""
    last = next((each.commit.id for each in replayed[-1:] if each.images), None)
    if last is None:
        return ()
    tree = workspace.tree(last)
    place = for_tree(workspace, lambda: tree)
    return tuple(unseen(place.snapshot(tree).graph, ())) if place.is_guessed(tree) else ()


@dataclass(slots=True)
class _Course:
    """Where the replay stands: the last commit with its graph, and how big the contexts of its images are.

    holding: the path of the build.yaml that its graph is from. graphs: by such a path.
    """

    workspace: Workspace
    at: str = ""
    holding: str | None = None
    made: Made | None = None
    bytes: dict[str, int] = field(default_factory=dict)
    graphs: dict[str | None, Graphs] = field(default_factory=dict)

    def lose(self) -> None:
        self.at, self.made = "", None
        self.bytes.clear()

    def step(self, commit: Commit, parent: str) -> Replayed:
        repository = self.workspace.repository
        before, after = repository.commit_tree(parent), repository.commit_tree(commit.id)
        place = for_tree(self.workspace, lambda: after)
        placed = at_tree(place, before)
        known = self.at == parent and self.holding == placed.inside
        base = self.made if known else self._base(placed, before)
        if base is not None and not known:
            self._measure(before, base, base.graph.nodes)
        changes = diff(before, after)
        graphs, sound = self._graphs(place), base if placed.inside == place.inside else None
        head = graphs.after(sound, after, changes) if sound is not None and sound.whole else graphs.at(after)
        self.at, self.holding, self.made = commit.id, place.inside, head
        if head is None:
            return Replayed(commit)
        if not head.whole:
            raise DockerfileError(head.problems)
        graph = head.graph
        # Without a build.yaml at base every image is new.
        new = Affected(dict.fromkeys(graph.nodes, ()), ())
        judged = new if base is None else affected([base.graph], graph, [changes])
        guessed = after if place.is_guessed(after) else None
        reasons = weighed(judged, graph, [before], [base], head.notes, lambda: [changes], guessed).reasons
        self._measure(after, head, reasons)
        return Replayed(
            commit,
            tuple(reasons),
            tuple(graph.nodes),
            sum(self.bytes[name] for name in reasons),
            sum(self.bytes[name] for name in graph.nodes),
            causes(graph.order, reasons, by_path=False),
            causes(graph.order, reasons, by_path=True),
        )

    def _base(self, place: Workspace, tree: CommitTree) -> Made | None:
        """Return the graph at a base. What cannot be read there counts as absent, as in any question."""
        try:
            return self._graphs(place).at(tree)
        except ConfigError:
            return None

    def _graphs(self, place: Workspace) -> Graphs:
        if place.inside not in self.graphs:
            self.graphs[place.inside] = place.graphs
        return self.graphs[place.inside]

    def _measure(self, tree: CommitTree, made: Made, names: Iterable[str]) -> None:
        """Note how big contexts are; only those of affected images can have changed."""
        snapshot = Snapshot(tree, made.graph, self.workspace.repository.top)
        for name in names:
            self.bytes[name] = context_info(snapshot, made.graph.nodes[name]).bytes
        for name in self.bytes.keys() - made.graph.nodes.keys():
            del self.bytes[name]
