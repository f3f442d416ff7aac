"""Makes the graphs of trees, from what is remembered of earlier ones where that can be done.

A graph of another commit serves as well as one of the same (``app.kept``): what changed since is read again
(``graph.refresh``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mbuild.app.kept import Kept
from mbuild.app.together import expected
from mbuild.changes import odd_entries
from mbuild.errors import ConfigError, GitError, MbuildError
from mbuild.git.diff import diff
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.graph.frozen import freeze, thaw
from mbuild.graph.refresh import refresh, workshop
from mbuild.tree import is_scattered
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.app.definitions import Stated
    from mbuild.changes import Change
    from mbuild.errors import Problem
    from mbuild.graph.affected import Affected
    from mbuild.graph.defined import Definitions
    from mbuild.graph.node import Graph
    from mbuild.images import Project
    from mbuild.store.cache import Cache
    from mbuild.tree import Tree

MANY_CHANGES = 500
"""A graph made from one so many changes away is remembered too, and what they affect."""


@dataclass(frozen=True, slots=True)
class Made:
    """A graph, and the patterns of ``discover`` it was made with.

    problems: why images are left out of it. notes, read: of the project.
    """

    graph: Graph
    discover: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    read: frozenset[str] | None = None

    @property
    def whole(self) -> bool:
        """Whether all images are in it, so that other graphs can be made from it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Said:
    """What build.yaml says at a tree. definitions: None where they are those of the tree that it is compared with."""

    definitions: Definitions | None
    discover: tuple[str, ...]
    notes: tuple[Problem, ...]
    read: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Following:
    """A commit of which the graph will be asked for next. changes: gives what differs; None: that is not looked at."""

    tree: Tree
    changes: Callable[[], Sequence[Change]] | None


@dataclass(frozen=True, slots=True)
class Graphs:
    """Makes graphs of one repository.

    project: reads build.yaml at a tree, None where the tree has none. stated: the same, remembered by a cache.
    config:  its path from the git root, None where definitions come from somewhere else.
    kept: what is remembered of earlier graphs.
    meanwhile: is called while another process makes a graph; None: there is nothing else to do.
    following: what comes after the graph that is asked for, if anything.
    """

    project: Callable[[Tree], Project | None]
    stated: Callable[[Tree, Cache], Stated | None]
    config: str | None
    native: str
    kept: Kept
    meanwhile: Callable[[], None] | None = None
    following: Following | None = None

    def at(self, tree: Tree) -> Made | None:
        """Return the graph at a tree, None where it has no build.yaml. Raises ConfigError."""
        return expected(tree, self._at(tree))

    def _at(self, tree: Tree) -> Made | None:
        if isinstance(tree, CommitTree):
            return self._at_commit(tree)
        if not isinstance(tree, EmptyTree):
            from mbuild.git.worktree import WorkTree

            base = self._sound(tree.base) if isinstance(tree, WorkTree) else None
            if isinstance(tree, WorkTree) and base is not None:
                return self.after(base, tree, tuple(tree.edits.values()))
        return self._built(tree)

    def _sound(self, tree: Tree) -> Made | None:
        """Return the graph of HEAD where others can be made from it; what is wrong there may be mended on disk."""
        try:
            found = self.at(tree)
        except ConfigError:
            return None
        return found if found is not None and found.whole else None

    def after(self, base: Made, tree: Tree, changes: Sequence[Change]) -> Made | None:
        """Return the graph at a tree, made from one that is whole; ``changes``: what differs between the two trees."""
        said = self._said(base, tree, redefined=self._redefined(base, changes))
        if said is None:
            return None
        problems: list[Problem] = []
        graph = refresh(base.graph, said.definitions, tree, changes, problems=problems)
        return Made(graph, said.discover, tuple(problems), said.notes, said.read)

    def known(self, base: Tree, tree: Tree) -> bytes | None:
        """Return what ``remember`` was told of two trees, for ``judged``."""
        return self.kept.verdict(base, tree)

    def judged(
        self, known: bytes, base: Made, tree: Tree, changes: Callable[[], Sequence[Change]]
    ) -> tuple[Made, Affected, tuple[str, ...]] | None:
        """Return it, of the graph at base and of a tree. changes: gives what differs between the two."""
        from mbuild.graph import verdict

        try:
            value = verdict.read(known)
        except ValueError:
            return None
        said = self._said(base, tree, redefined=value["redefined"])
        if said is None:
            return None
        shop = workshop(base.graph, said.definitions, tree, changes if value["scattered"] else None)
        try:
            found = verdict.thaw(value, base.graph, shop)
        except (ValueError, TypeError, KeyError, IndexError):
            return None
        return Made(found.graph, said.discover, (), said.notes, said.read), found.affected, found.unowned

    def remember(
        self, base: Made, made: Made, changes: Sequence[Change], differing: Affected, unowned: tuple[str, ...]
    ) -> None:
        """Remember what was found between two commits, where to find it again takes long."""
        trees = base.graph.workshop.tree, made.graph.workshop.tree
        quick = made.graph.images is base.graph.images and len(changes) < MANY_CHANGES
        if not self.kept.keeps(*trees) or not made.whole or quick:
            return
        from mbuild.graph import verdict

        found = verdict.Verdict(made.graph, differing, unowned)
        redefined, scattered = self._redefined(base, changes), any(map(is_scattered, odd_entries(changes)))
        raw = verdict.freeze(base.graph, found, redefined=redefined, scattered=scattered)
        if raw is not None:
            self.kept.put_verdict(*trees, raw)

    def _said(self, base: Made, tree: Tree, *, redefined: bool) -> _Said | None:
        """Return what build.yaml says at a tree, where it may be something else than at base's. Raises ConfigError."""
        if not redefined:
            return _Said(None, base.discover, base.notes, base.read)
        # The graph of this tree may never be remembered, and the next question is about the same definitions.
        found = self.stated(tree, self.kept.cache)
        return None if found is None else _Said(found.definitions, found.discover, found.notes, found.read)

    def _redefined(self, base: Made, changes: Sequence[Change]) -> bool:
        if self.config is None:
            if base.read is None:
                return True
            from mbuild.discovery.recording import may_differ

            return may_differ(base.read, changes)
        if any(each.path == self.config for each in changes):
            return True
        appearing = [each.path for each in changes if each.old is None or each.new is None] if base.discover else []
        if not appearing:
            return False
        from mbuild.config.globs import matches

        return any(matches(pattern, path) for path in appearing for pattern in base.discover)

    def _built(self, tree: Tree) -> Made | None:
        project = self.project(tree)
        if project is None:
            return None
        from mbuild.graph.build import build_graph

        problems: list[Problem] = []
        graph = build_graph(project, tree, self.native, problems=problems)
        return Made(graph, project.discover, tuple(problems), project.notes, project.read)

    def _at_commit(self, tree: CommitTree) -> Made | None:
        found = self._remembered(tree)
        if found is not None:
            return found
        found, distance = self._from_anchor(tree)
        if found is None:
            return self._anew(tree)
        if found.whole and distance >= MANY_CHANGES:
            self.kept.put_graph(tree, freeze(found.graph, found.discover))
        return found

    def _anew(self, tree: CommitTree) -> Made | None:
        """Make the graph of a commit of which nothing is known, and remember it."""
        if not self.kept.settings:
            return self._built(tree)
        from mbuild.process.share import aside

        # In a process of its own: what it takes to make a big graph is more than what is needed of it.
        worth = tree.repository.is_big or self.meanwhile is not None
        with aside(partial(self._frozen, tree), bytes, bytes, worth=worth) as made:
            if self.meanwhile is not None:
                self.meanwhile()
            if worth:
                self._read_ahead(tree)
            raw = made()
            if raw:
                self.kept.put_graph(tree, raw)  # while the copy ends: it has much memory to give back
                graph, discover = thaw(memoryview(raw), tree, self.native)
                return Made(graph, tuple(discover))
        return self._built(tree)

    def _read_ahead(self, tree: CommitTree) -> None:
        """Read what build.yaml says at the commit that follows, where that may be something else: it is remembered."""
        if self.following is None or self.config is None or self.kept.cache.folder is None:
            return
        with contextlib.suppress(MbuildError):  # said by whoever asks for the graph
            if self._may_say_otherwise(tree, self.following, self.config):
                self.stated(self.following.tree, self.kept.cache)

    def _may_say_otherwise(self, tree: CommitTree, following: Following, config: str) -> bool:
        """Guess whether it is worth reading. What ``discover`` looks for is not known yet: most of it is so named."""
        before, after = tree.entry(config), following.tree.entry(config)
        if before is None or after is None:
            return False
        if before.oid != after.oid:
            return True
        changes = following.changes() if following.changes else ()
        appearing = (each.path for each in changes if each.old is None or each.new is None)
        return any("dockerfile" in path.rpartition("/")[2].lower() for path in appearing)

    def _frozen(self, tree: CommitTree) -> bytes:
        """Return the graph of a commit as bytes; none where there is anything else to say of it. Raises ConfigError."""
        from mbuild.graph.build import build_frozen
        from mbuild.graph.parts import dump_listed, load_listed
        from mbuild.process.share import aside, share

        with aside(tree.scattered, dump_listed, load_listed, worth=tree.repository.is_big) as scattered:
            project = self.project(tree)
            if project is None or project.notes:
                return b""
            every = partial(share, along=True)
            return build_frozen(project, tree, self.native, scattered, every, project.discover) or b""

    def _from_anchor(self, tree: CommitTree) -> tuple[Made | None, int]:
        """Return the graph made from one that is remembered, and how many changes away that is."""
        for commit in self.kept.anchors(tree):
            base = CommitTree(tree.repository, commit)
            known = self._remembered(base)
            if known is None:
                continue
            try:
                changes = diff(base, tree)
            except GitError:
                continue  # the commit is not in this clone any more
            found = self.after(known, tree, changes)
            redone = found is not None and found.graph.index is not known.graph.index
            return found, MANY_CHANGES if redone else len(changes)
        return None, 0

    def _remembered(self, tree: CommitTree) -> Made | None:
        raw = self.kept.graph(tree)
        if raw is None:
            return None
        try:
            graph, discover = thaw(raw, tree, self.native)
            return Made(graph, tuple(discover))
        except (ValueError, TypeError, KeyError, IndexError):
            return None
