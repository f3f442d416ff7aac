"""Audits what was said to be unaffected: builds a sample from everything, at the base and at head, and compares."""

from __future__ import annotations

import concurrent.futures
import contextlib
import tempfile
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.everything import Given, Maker, Plain, StoppedError
from mbuild.app.existing import Shown
from mbuild.app.running import stopped_by_signals
from mbuild.app.sides import Bench, Side
from mbuild.app.stages import Stages
from mbuild.app.workspace import native_platform
from mbuild.audit.changes import changed_paths
from mbuild.audit.judge import MISS, SAME, UNDECIDED, Verdict, worst
from mbuild.builders.buildx import find_docker
from mbuild.builders.embedded import Embedded
from mbuild.builders.engine import Engine, EngineStore
from mbuild.builders.oci.layout import Layout
from mbuild.builders.protocol import Builder, Cancel
from mbuild.builders.shelves import EngineShelf, LayoutShelf, Shelf
from mbuild.errors import MbuildError, Problem
from mbuild.events import Emit
from mbuild.graph.build import build_graph
from mbuild.output.audit import Audited
from mbuild.tree import SUBMODULE, follow_folder

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree, Workspace
    from mbuild.graph.node import Graph, Node


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an audit builds.

    builder: where images exist already; here: looks into it. own: a builder into the place of the audit's own images.
    maker:   builds from everything. shelf: looks into the results. words: who builds, for people.
    """

    builder: Builder
    here: Shelf
    own: Builder
    maker: Maker
    shelf: Shelf
    words: str


def workplace(builder: Builder, top: Path, scratch: Path) -> Workplace:
    """Return how a builder's images are built from everything. scratch: for an image layout without an engine."""
    if isinstance(builder, EngineStore):
        return _in_engine(builder, builder.engine, top)
    own = Embedded(scratch / "oci")
    here, shelf = LayoutShelf(Layout(Path(builder.place))), LayoutShelf(Layout(own.output).open_or_create())
    return Workplace(builder, here, own, Given(own, shelf, top, steady=True), shelf, "the embedded builder")


def _in_engine(builder: Builder, engine: Engine, top: Path) -> Workplace:
    shelf = EngineShelf(engine)
    docker = find_docker() if builder.name != "docker" else None
    if docker is not None:
        words = f"docker buildx build in {builder.place}"
        return Workplace(builder, shelf, builder, Plain(engine, docker, shelf, top), shelf, words)
    words = f"{builder.name} in {builder.place}"
    return Workplace(builder, shelf, builder, Given(builder, shelf, top), shelf, words)


@dataclass(frozen=True, slots=True)
class Run:
    """What an audit is done with. epoch: seconds of all times in contexts; shown: what exists already."""

    workspace: Workspace
    place: Workplace
    emit: Emit
    jobs: int
    epoch: int
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. caught: the signals that stopped it; then there are no results."""

    results: tuple[Audited, ...] = ()
    caught: tuple[int, ...] = ()


def audit(run: Run, names: Collection[str], bases: Collection[AnyTree], head: AnyTree) -> Ended:
    """Audit some images, parents where they are needed. What it makes is gone when it returns. Raises MbuildError."""
    cancel = Cancel()
    with stopped_by_signals(cancel.cancel) as caught, contextlib.ExitStack() as stack:
        scratch = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="mbuild-audit-", ignore_cleanup_errors=True))
        )
        bench = Bench(run.place.maker, run.emit, cancel, uuid.uuid4().hex[:12])
        stack.callback(_clear, run.place.shelf, bench)
        pairs = [_pair(run, bench, each, head, scratch / f"{number}") for number, each in enumerate(bases)]
        results = _all(run, pairs, names, cancel)
    return Ended(results or (), tuple(caught))


def _clear(shelf: Shelf, bench: Bench) -> None:
    for name in bench.made:
        with contextlib.suppress(MbuildError):  # a build that failed has left nothing
            shelf.remove(name)


def _all(run: Run, pairs: list[_Pair], names: Collection[str], cancel: Cancel) -> tuple[Audited, ...] | None:
    """Audit several images at once; None where that was stopped. The first error ends all of it."""
    with concurrent.futures.ThreadPoolExecutor(run.jobs) as pool:
        waiting = [pool.submit(_audited, run, pairs, name) for name in names]
        try:
            return tuple(each.result() for each in waiting)
        except StoppedError:
            return None
        finally:
            cancel.cancel()
            pool.shutdown(cancel_futures=True)


def _audited(run: Run, pairs: list[_Pair], name: str) -> Audited:
    begun = time.monotonic()
    tried = [(each.verdict(name), each) for each in pairs]
    verdict = worst(each for each, _ in tried)
    pair = next(pair for each, pair in tried if each is verdict)
    existing = run.shown.judged(name, pair.head) if run.shown is not None and verdict.outcome == SAME else None
    if existing is not None and existing.verdict.outcome == MISS:
        verdict = Verdict(MISS, "it is what it was at the base, and the build that exists of it is another")
    return Audited(name, verdict, tuple(pair.around(name)), existing, time.monotonic() - begun)


def _pair(run: Run, bench: Bench, old: AnyTree, new: AnyTree, folder: Path) -> _Pair:
    base = _side(run, bench, "base", old, folder)
    return _Pair(base, replace(_side(run, bench, "head", new, folder), base=base))


def _side(run: Run, bench: Bench, name: str, tree: AnyTree, folder: Path) -> Side:
    """Read a tree anew: nothing that is remembered, or made from another graph, is trusted here."""
    problems: list[Problem] = []
    project = run.workspace.project(tree)
    assert project is not None, "nothing is unaffected where there is no build.yaml"
    graph = build_graph(project, tree, native_platform(), problems=problems)
    place = folder / name
    place.mkdir(parents=True)
    stages = Stages(tree, graph, place, f"mbuild-audit-{bench.run}-{folder.name}-{name}", run.epoch)
    return Side(name, graph, stages, bench, tuple(problems))


@dataclass(frozen=True)
class _Pair:
    """A base and head."""

    base: Side
    head: Side

    @cached_property
    def changed(self) -> Mapping[str, str]:
        """All paths that differ."""
        return changed_paths(self.base.stages.tree.below(""), self.head.stages.tree.below(""))

    def verdict(self, name: str) -> Verdict:
        """Judge one image."""
        beside = self._unbuilt(name)
        if beside is not None:
            return beside
        platforms = self.head.graph.nodes[name].definition.platforms
        return worst([self.head.verdict(self.base, (name, each)) for each in platforms or ("",)])

    def _unbuilt(self, name: str) -> Verdict | None:
        """Return what can be said without a build, None where nothing can."""
        for side in (self.base, self.head):
            if name not in side.graph.nodes:
                why = next((str(each) for each in side.problems), "")
                words = {"base": "at the base", "head": "at head"}[side.name]
                return Verdict(
                    UNDECIDED if why else MISS, f"there is no such image {words}" + (f": {why}" if why else "")
                )
        old, new = (side.graph.nodes[name].definition for side in (self.base, self.head))
        if old.platforms != new.platforms:
            return Verdict(MISS, f"its platforms were {_words(old.platforms)} and are {_words(new.platforms)}")
        moved = [path for path, _ in self.around(name) if self._is_module(path)]
        if moved:
            return Verdict(UNDECIDED, f"the submodule {moved[0]} changed, and its files are in another repository")
        return None

    def _is_module(self, path: str) -> bool:
        entries = (side.stages.tree.entry(path) for side in (self.base, self.head))
        return any(each is not None and each.mode == SUBMODULE for each in entries)

    def around(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield what changed in the context roots of an image and of all that it uses, and of what defines it."""
        roots: set[str | None] = set()
        files: set[str] = set()
        for side in (self.base, self.head):
            for node in used(side.graph, name):
                definition = node.definition
                folders = [each.value for each in definition.contexts if each.kind == "folder"]
                roots |= {follow_folder(side.stages.tree, each) for each in (definition.context_root, *folders)}
                files |= {definition.dockerfile, f"{definition.dockerfile}.dockerignore"}
        for path, kind in self.changed.items():
            if path in files or any(root is not None and _lies_in(root, path) for root in roots):
                yield path, kind


def used(graph: Graph, name: str) -> tuple[Node, ...]:
    """Return an image and all that it uses; () where there is no such image."""
    return tuple(graph.nodes[each] for each in graph.with_parents({name: ()})) if name in graph.nodes else ()


def _lies_in(root: str, path: str) -> bool:
    return not root or path.startswith(f"{root}/")


def _words(platforms: tuple[str, ...]) -> str:
    return ", ".join(platforms) or "this machine's"
