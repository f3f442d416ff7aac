"""The two trees of an audit, and the builds of one image from everything in each: parents are built in the same way."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mbuild.app.everything import Made, Maker, Order
from mbuild.app.stages import Stages
from mbuild.audit.image import differences
from mbuild.audit.judge import Attempt
from mbuild.builders.protocol import Cancel
from mbuild.errors import Problem
from mbuild.events import Emit, ImageDone, ImageStarted
from mbuild.names import context_key, same_repository

if TYPE_CHECKING:
    from mbuild.audit.steps import LookedUp
    from mbuild.graph.node import Graph, Node
    from mbuild.images import ImageDef


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


@dataclass(slots=True)
class Side:
    """One tree. name: ``base`` or ``head``. problems: why images of it are missing from the graph.

    same_as: the other side's build of an image, which stands for this side's where both are the same, so that nothing
             but its own inputs makes a child another one.
    """

    name: str
    graph: Graph
    stages: Stages
    bench: Bench
    problems: tuple[Problem, ...] = ()
    same_as: Side | None = None
    _known: dict[Key, tuple[Attempt, str]] = field(default_factory=dict)
    _locks: dict[Key, threading.RLock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def attempt(self, key: Key, chain: tuple[str, ...] = ()) -> tuple[Attempt, str]:
        """Build an image, once; returns how that ended and the name of the result. chain: the images waiting for it."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.RLock())
        with lock:
            if key not in self._known:
                self._known[key] = self.again(key, chain)
            return self._known[key]

    def again(self, key: Key, chain: tuple[str, ...] = (), *, fresh: bool = False) -> tuple[Attempt, str]:
        """Build an image, whether or not it was built before; its parents are those that were."""
        tag = self.bench.name()
        label, begun = f"{key[0]}@{self.name}", time.monotonic()
        self.bench.emit(ImageStarted(label, "build"))
        found = self._made(key, tag, label, (*chain, key[0]), fresh)
        status = "failed" if found.image is None else "built" if found.ran else "cached"
        self.bench.emit(ImageDone(label, status, time.monotonic() - begun, found.error))
        return found, tag

    def _made(self, key: Key, tag: str, label: str, chain: tuple[str, ...], fresh: bool) -> Attempt:
        """Build with the parents that the Dockerfile names, and those that BuildKit looks for besides."""
        node = self.graph.nodes[key[0]]
        parents = {edge.name: edge.parent for edge in node.edges if edge.name}
        while True:
            bound: dict[str, str] = {}
            for parent in dict.fromkeys(parents.values()):
                there, bound[parent] = self._parent(parent, key[1], chain)
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
        # The base comes first: see ``audit.judge``.
        there = self.same_as is not None and name in self.same_as.graph.nodes
        other = self.same_as.attempt(key, chain) if self.same_as is not None and there else None
        mine = self.attempt(key, chain)
        if other is None or other[0].image is None or mine[0].image is None:
            return mine
        return mine if differences(other[0].image, mine[0].image) else other

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
