"""Audits what was said to be unaffected: builds a sample from everything, at the base and at head, and compares."""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.app.everything import StoppedError
from mbuild.app.existing import Shown
from mbuild.app.pairs import Pair
from mbuild.app.platform import native_platform
from mbuild.app.running import stopped_by_signals
from mbuild.app.sides import Bench, Side
from mbuild.app.stages import Stages
from mbuild.app.upward import at_tree
from mbuild.audit.judge import MISS, SAME, Verdict, worst
from mbuild.builders.protocol import Cancel
from mbuild.builders.shelves import Shelf
from mbuild.errors import MbuildError, Problem
from mbuild.events import Emit
from mbuild.graph.build import build_graph
from mbuild.output.audit import Audited
from mbuild.process.gate import waiting
from mbuild.values import dataclass, replace

if TYPE_CHECKING:
    from mbuild.app.workplaces import Workplace
    from mbuild.app.workspace import AnyTree, Workspace


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
    with (
        _apart(cancel.cancel) as interrupt,
        stopped_by_signals(interrupt) as caught,
        contextlib.ExitStack() as stack,
    ):
        made = tempfile.TemporaryDirectory(prefix="mbuild-audit-", ignore_cleanup_errors=True)
        scratch = Path(stack.enter_context(made))
        bench = Bench(run.place.maker, run.emit, cancel, uuid.uuid4().hex[:12])
        stack.callback(_clear, run.place.shelf, bench)
        pairs = [_pair(run, bench, each, head, scratch / f"{number}") for number, each in enumerate(bases)]
        results = _all(run, pairs, names, cancel)
    return Ended(results or (), tuple(caught))


@contextlib.contextmanager
def _apart(act: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Give what has something done in a thread of its own, once: a signal handler may call it.

    What takes locks must not be done there: whoever the signal came to may hold them.
    """
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def wait() -> None:
        with waiting():
            wanted = asked.get()
        if wanted:
            act()

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield lambda: asked.put(True)
    finally:
        asked.put(False)


def _clear(shelf: Shelf, bench: Bench) -> None:
    for name in bench.made:
        with contextlib.suppress(MbuildError):  # a build that failed has left nothing
            shelf.remove(name)


def _all(run: Run, pairs: list[Pair], names: Collection[str], cancel: Cancel) -> tuple[Audited, ...] | None:
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


def _audited(run: Run, pairs: list[Pair], name: str) -> Audited:
    begun = time.monotonic()
    tried = [(each.verdict(name), each) for each in pairs]
    verdict = worst(each for each, _ in tried)
    pair = next(pair for each, pair in tried if each is verdict)
    existing = run.shown.judged(name, pair.head) if run.shown is not None and verdict.outcome == SAME else None
    if existing is not None and existing.verdict.outcome == MISS:
        verdict = Verdict(MISS, "it is what it was at the base, and the build that exists of it is another")
    return Audited(name, verdict, tuple(pair.around(name)), existing, time.monotonic() - begun)


def _pair(run: Run, bench: Bench, old: AnyTree, new: AnyTree, folder: Path) -> Pair:
    base = _side(run, at_tree(run.workspace, old), bench, "base", old, folder)
    return Pair(base, replace(_side(run, run.workspace, bench, "head", new, folder), base=base))


def _side(run: Run, workspace: Workspace, bench: Bench, name: str, tree: AnyTree, folder: Path) -> Side:
    """Read a tree anew: nothing that is remembered, or made from another graph, is trusted here."""
    problems: list[Problem] = []
    project = workspace.project(tree)
    assert project is not None, "nothing is unaffected where there is no build.yaml"
    graph = build_graph(project, tree, native_platform(), problems=problems)
    place = folder / name
    place.mkdir(parents=True)
    stages = Stages(tree, graph, place, f"mbuild-audit-{bench.run}-{folder.name}-{name}", run.epoch)
    return Side(name, graph, stages, bench, tuple(problems))
