"""The plan: what to do with each image, in which order. A pure function of the graph and of what exists."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mbuild.graph.affected import Reason
from mbuild.graph.node import Graph
from mbuild.values import dataclass

BUILD, REUSE, NONE = "build", "reuse", "none"


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one image. ``parents`` are those whose build or reuse in this run it has to wait for."""

    image: str
    action: str
    reasons: tuple[Reason, ...]
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A step for every image of the graph, in order: parents before children."""

    steps: tuple[Step, ...]

    @property
    def active(self) -> tuple[Step, ...]:
        """The steps that do something."""
        return tuple(step for step in self.steps if step.action != NONE)

    def waves(self) -> tuple[tuple[str, ...], ...]:
        """Return the active images in waves: each wave needs only earlier ones."""
        depth: dict[str, int] = {}
        for step in self.active:
            depth[step.image] = 1 + max((depth[parent] for parent in step.parents), default=-1)
        count = 1 + max(depth.values(), default=-1)
        return tuple(tuple(sorted(name for name, at in depth.items() if at == level)) for level in range(count))


def make_plan(
    graph: Graph,
    wanted: Mapping[str, tuple[Reason, ...]],
    existing: Collection[str],
    *,
    force: bool = False,
    elsewhere: Collection[str] = (),
) -> Plan:
    """Return the plan.

    wanted:   the images asked for, with the reasons known so far.
    existing: the images whose content tag exists already. elsewhere: those of them that have to be brought first, from
              a registry.
    force:    wanted images are built although they exist.
    Parents of an image that will be built are needed too: those that exist nowhere are built (``needed-by``), and those
    that are elsewhere are reused, which brings them.
    """
    reasons = {name: list(found) for name, found in wanted.items()}
    for name in reversed(graph.order):
        if name in reasons and _builds(name, wanted, existing, force):
            node = graph.nodes[name]
            needed = {each for each in node.parents if each not in existing or each in elsewhere}.difference(reasons)
            for edge in node.edges if needed else ():  # mostly none, and edges may have to be decoded
                if edge.parent in needed:
                    reasons.setdefault(edge.parent, [Reason("needed-by", parent=name, where=edge.where)])
    steps = []
    for name in graph.order:
        action = NONE
        if name in reasons:
            action = BUILD if _builds(name, wanted, existing, force) else REUSE
        parents = tuple(each for each in graph.nodes[name].parents if action == BUILD and each in reasons)
        found = list(reasons.get(name, ()))
        if force and name in wanted:
            found.append(Reason("forced"))
        steps.append(Step(name, action, tuple(found), parents))
    return Plan(tuple(steps))


def _builds(name: str, wanted: Collection[str], existing: Collection[str], force: bool) -> bool:
    return name not in existing or (force and name in wanted)
