"""Why an image is affected, down to the file and the Dockerfile line; or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from mbuild.errors import printable
from mbuild.graph.affected import Reason
from mbuild.graph.exclusion import Exclusion, exclusion
from mbuild.graph.node import Graph, Node
from mbuild.output.report import place
from mbuild.output.text import reason
from mbuild.output.words import count

NEAREST = 5


class Changed(Protocol):
    """A changed path."""

    @property
    def path(self) -> str:
        """The path, from the git root."""
        ...


def chain(reasons: Mapping[str, Sequence[Reason]], name: str) -> list[str]:
    """Return the image and every affected parent that its reasons lead to, nearest first."""
    found: list[str] = []
    pending = [name]
    while pending:
        image = pending.pop(0)
        if image in reasons and image not in found:
            found.append(image)
            pending.extend(each.parent for each in reasons[image] if each.parent)
    return found


def as_text(
    graph: Graph, name: str, reasons: Mapping[str, Sequence[Reason]], changes: Sequence[Changed]
) -> Iterator[str]:
    """Yield the explanation's lines."""
    found = chain(reasons, name)
    if not found:
        yield f"{name} is not affected: none of {count(len(changes), 'changed path')} is an input of it"
        for path, found_rule in nearest(graph, name, changes):
            yield f"  {printable(path)}: {rule(found_rule)}"
        return
    for image in found:
        yield f"{image} is affected:" if image == name else f"its parent {image} is affected:"
        for each in reasons[image]:
            yield f"  {reason(each)}"


def nearest(graph: Graph, name: str, changes: Sequence[Changed]) -> list[tuple[str, Exclusion]]:
    """Return the changed paths nearest to the image with the rule that keeps each out of it."""
    node = graph.nodes[name]
    lines = sorted(((-_shared(node, each.path), each.path) for each in changes), key=lambda pair: pair)
    return [(path, exclusion(graph, name, path)) for _, path in lines[:NEAREST]]


def rule(found: Exclusion) -> str:
    """Return a rule in words, its place included."""
    what, where = printable(found.what), f" ({printable(place(found.where) or '')})" if found.where else ""
    words = {
        "definition": "it changed, but means the same to this image",
        "outside": f"outside the context root {what}{where}",
        "ignored": f"ignored by {what}{where}",
        "excluded": f"excluded by {what}{where}" if what else f"excluded{where}",
        "not-included": f"not among {what}{where}",
        "unreached": f"only the stage {what} reads it{where}, which the target does not need",
        "unread": "no instruction reads it",
    }
    return words[found.kind]


def _shared(node: Node, path: str) -> int:
    """Return how many leading folders a path shares with the image's Dockerfile or context root."""
    own = (node.definition.dockerfile.split("/"), [*node.definition.context_root.split("/"), ""])
    return max(sum(1 for _ in _common(path.split("/"), parts)) for parts in own)


def _common(left: Sequence[str], right: Sequence[str]) -> Iterator[str]:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return
        yield one
