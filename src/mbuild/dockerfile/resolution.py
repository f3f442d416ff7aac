"""What the names outside of a Dockerfile stand for, each asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mbuild.dockerfile.model import Reference, Resolved, Resolver
from mbuild.dockerfile.stages import SCRATCH, Node

StageResolver = Callable[[str], Resolved | None]


def starts_outside(node: Node) -> bool:
    """Tell whether a stage starts from a name that is neither a stage nor scratch."""
    return not node.outside and node.base_stage is None and node.base != SCRATCH


def reference(node: Node) -> Reference:
    """Return the outside name of a node as something to resolve."""
    return Reference(node.base, node.kind, node.where, node.platform)


class Resolution:
    """Answers for the nodes of one Dockerfile.

    replaced: for the number of a stage, what a named context of the stage's name puts in its place.
    """

    def __init__(self, resolve: Resolver, resolve_stage: StageResolver, nodes: Iterable[Node]) -> None:
        """Ask for the named stages at once, as BuildKit does, for the other names when they are needed."""
        self._resolve = resolve
        self._answers: dict[tuple[str, str, str], Resolved] = {}
        answers = ((node.number, resolve_stage(node.name)) for node in nodes if node.name)
        self.replaced: dict[int, Resolved] = {number: found for number, found in answers if found is not None}

    def of(self, node: Node) -> Resolved | None:
        """Return what a node stands for, or a stage starts from; None: a stage, or nothing (scratch)."""
        if node.number in self.replaced:
            return self.replaced[node.number]
        if node.base == SCRATCH or node.base_stage is not None:
            return None
        key = (node.base, node.kind, node.platform)
        if key not in self._answers:
            self._answers[key] = self._resolve(reference(node))
        return self._answers[key]
