"""The two trees of an audit, and the builds of one image from everything in each: parents are built in the same way."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from mbuild.app.everything import Made, Maker, Order
from mbuild.app.requests import stages_called_as_parents
from mbuild.app.stages import Stages
from mbuild.audit.judge import SAME, UNDECIDED, Attempt, Verdict, judge
from mbuild.builders.protocol import Cancel
from mbuild.errors import Problem
from mbuild.events import Emit, ImageDone, ImageStarted
from mbuild.references import context_key, same_repository
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.audit.steps import LookedUp
    from mbuild.graph.node import Graph, Node
    from mbuild.images import ImageDef


K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Bench:
    """What all builds of an audit share. run: begins all names that are given; made: all names given so far."""

    maker: Maker
    emit: Emit
    cancel: Cancel
    run: str
    made: list[str] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def name(self) -> str:
        """Return a new name for an image, which is taken away at the end."""
        self.made.append(f"mbuild-audit/{self.run}:{next(self._count)}")
        return self.made[-1]


Key = tuple[str, str]
"""An image and a platform."""


class Once(Generic[K, V]):
    """Makes each value once, whoever asks for it from whatever thread."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: dict[K, V] = {}
        self._locks: dict[K, threading.RLock] = {}
        self._guard = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key; who asks while it is made waits for it."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.RLock())
        with lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]


@dataclass(frozen=True, slots=True)
class Side:
    """One tree. name: ``base`` or ``head``. problems: why images of it are missing from the graph.

    base: of head, the other side. Where an image is the same there, its children are given that one, so that nothing
          but their own inputs makes them others.
    """

    name: str
    graph: Graph
    stages: Stages
    bench: Bench
    problems: tuple[Problem, ...] = ()
    base: Side | None = None
    _attempts: Once[Key, tuple[Attempt, str]] = field(default_factory=Once)
    _verdicts: Once[Key, Verdict] = field(default_factory=Once)

    def attempt(self, key: Key, chain: tuple[str, ...] = ()) -> tuple[Attempt, str]:
        """Build an image, once; returns how that ended and the name of the result. chain: the images waiting for it."""
        return self._attempts.get(key, lambda: self.again(key, chain))

    def verdict(self, base: Side, key: Key, chain: tuple[str, ...] = ()) -> Verdict:
        """Judge an image by builds of both sides, once. The base comes first: see ``audit.judge``."""

        def judged() -> Verdict:
            old, new = base.attempt(key, chain)[0], self.attempt(key, chain)[0]
            return judge(old, new, lambda: base.again(key, chain)[0], lambda: self.again(key, chain)[0])

        return self._verdicts.get(key, judged)

    def again(self, key: Key, chain: tuple[str, ...] = (), *, fresh: bool = False) -> tuple[Attempt, str]:
        """Build an image, whether or not it was built before; its parents are those that were."""
        tag = self.bench.name()
        label, begun = f"{key[0]}@{self.name}", time.monotonic()
        self.bench.emit(ImageStarted(label, "build"))
        found = self._made(key, tag, label, (*chain, key[0]), fresh)
        status = "failed" if found.image is None else "cached" if found.cached else "built"
        self.bench.emit(ImageDone(label, status, time.monotonic() - begun, found.error))
        return found, tag

    def _made(self, key: Key, tag: str, label: str, chain: tuple[str, ...], fresh: bool) -> Attempt:
        """Build with the parents that the Dockerfile names, and those that BuildKit looks for besides."""
        node = self.graph.nodes[key[0]]
        if called := stages_called_as_parents(node):
            doubt = f"its stage {next(iter(called))} is called as a parent of it, which would take its place"
            return Attempt(error=doubt, doubt=doubt)
        parents = {edge.name: edge.parent for edge in node.edges if edge.name}
        while True:
            bound: dict[str, str] = {}
            for parent in dict.fromkeys(parents.values()):
                there, bound[parent] = self._parent(parent, key[1], chain)
                if there.doubt:
                    return there
                if there.image is None:
                    return replace(there, error=f"its parent {parent} does not build: {there.error}")
            tags = {name: bound[parent] for name, parent in parents.items()}
            order = Order(label, self.stages, node, key[1], tag, tags, bound, fresh)
            done = self.bench.maker.make(order, self.bench.emit, self.bench.cancel)
            found = [each for each in self._unbound(node, done) if each[0] not in parents and each[1] not in chain]
            if not found:
                return done.attempt
            parents |= dict(found)

    def _parent(self, name: str, platform: str, chain: tuple[str, ...]) -> tuple[Attempt, str]:
        platforms = self.graph.nodes[name].definition.platforms
        key = (name, platform if platform in platforms else (*platforms, "")[0])
        if self.base is None or name not in self.base.graph.nodes:
            return self.attempt(key, chain)
        verdict = self.verdict(self.base, key, chain)
        if verdict.outcome == UNDECIDED:
            return Attempt(error=verdict.reason, doubt=f"its parent {name} is undecided: {verdict.reason}"), ""
        return (self.base if verdict.outcome == SAME else self).attempt(key, chain)

    def _unbound(self, node: Node, done: Made) -> Iterator[tuple[str, str]]:
        """Yield, by the name that BuildKit knows it by, each image of this repository that it looked for elsewhere."""
        for found in done.looked_up:
            name = found.context or context_key(found.image)
            image = _owner(node.definition, self.graph, found)
            if image is not None:
                yield name, image


def _owner(definition: ImageDef, graph: Graph, found: LookedUp) -> str | None:
    """Return the image of this repository that BuildKit should have found, None where there is none."""
    key = context_key(found.image)
    named = next((each for each in definition.contexts if context_key(each.name) == key), None)
    if named is not None and named.kind == "image":
        return named.value
    for each in (node.definition for node in graph.nodes.values()):
        if any(same_repository(name, found.image) for name in (each.full_name, each.name, *each.aliases)):
            return each.name
    return None
