"""The builds that exist of audited images, in a builder's store or a registry, held against builds from everything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.app.holdings import Holdings
from mbuild.app.requests import content_name
from mbuild.audit.image import Image
from mbuild.audit.judge import UNDECIDED, Verdict, judge_existing
from mbuild.errors import MbuildError
from mbuild.output.audit import Existing
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.app.sides import Side
    from mbuild.app.workplaces import Workplace
    from mbuild.graph.node import Graph, Node
    from mbuild.registry.registries import Registries


@dataclass(frozen=True, slots=True)
class Shown:
    """What exists, and where to look at it.

    graph: of the answer that is audited: its fingerprints name the builds. registries: None: they are not asked.
    """

    graph: Graph
    holdings: Holdings
    place: Workplace
    registries: Registries | None

    def judged(self, name: str, head: Side) -> Existing | None:
        """Judge the build that exists of an image; None where none does."""
        if name not in self.holdings.existing:
            return None
        content = content_name(self.graph.nodes[name])
        node = head.graph.nodes[name]
        if len(node.definition.platforms) > 1:
            return Existing(content, Verdict(UNDECIDED, "it is for several platforms"))
        key = (name, (*node.definition.platforms, "")[0])
        try:
            with self._found(name, content) as image:
                beyond, fresh = outside(head.graph, node), lambda: head.again(key, fresh=True)[0]
                return Existing(content, judge_existing(image, head.attempt(key)[0], beyond, fresh))
        except MbuildError as error:
            return Existing(content, Verdict(UNDECIDED, str(error.problems[0])))

    @contextlib.contextmanager
    def _found(self, name: str, content: str) -> Iterator[Image]:
        if name in self.holdings.here:
            yield self.place.here.image(content)
            return
        assert self.registries is not None
        self.place.own.pull(content, self.registries)
        try:
            yield self.place.shelf.image(content)
        finally:
            self.place.shelf.remove(content)


def outside(graph: Graph, node: Node) -> str:
    """Return what an image is made of, itself or through its parents, that no fingerprint knows the content of."""
    for each in (graph.nodes[name] for name in graph.with_parents({node.name: ()})):
        if each.external:
            return each.external[0][0]
        if each.definition.secrets:
            return f"the secret {each.definition.secrets[0].id}"
        if each.definition.ssh:
            return f"what its RUN instructions reach by ssh ({each.definition.ssh[0].id})"
        if found := next(_fetched(each), None):
            return found
    return ""


def _fetched(node: Node) -> Iterator[str]:
    for recipe in node.recipes:
        for operation in (each for stage in recipe.stages for each in stage.operations if each.keyword == "ADD"):
            yield from (arg for arg in operation.args if "://" in arg or arg.startswith("git@"))
