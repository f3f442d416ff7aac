"""Finds out what images take from their contexts, and what is kept of that once it has been looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mbuild.graph.fingerprint import identity
from mbuild.graph.model import ContextUse, Measured
from mbuild.graph.outline import Outline
from mbuild.graph.pieces import digest
from mbuild.graph.sharing import Share, alone
from mbuild.store.codec import decode, encode

if TYPE_CHECKING:
    from mbuild.graph.node import Graph, Node

TOGETHER = 128
"""So many images are looked at together, and then let go of: what is asked of git for one alone takes 5 ms."""


def measure(graph: Graph, names: Sequence[str], share: Share = alone) -> None:
    """Find out what images take, and what to say of it: ``Node.measured``. What many take is not kept.

    share: has parts of the work done at the same time.
    """
    new = [name for name in names if graph.nodes[name].measured is None]
    parts = share(lambda some: _measured(graph, some), new, TOGETHER, dump, load)
    for name, found in zip(new, (each for part in parts for each in part), strict=True):
        graph.nodes[name].measured = found
    if len(new) > TOGETHER:
        graph.workshop.inputs.forget()


def _measured(graph: Graph, names: Sequence[str]) -> Sequence[Measured]:
    nodes = [graph.nodes[name] for name in names]
    graph.workshop.inputs.announce([each for node in nodes for each in node.wanted()])
    together = (nodes[at : at + TOGETHER] for at in range(0, len(nodes), TOGETHER))
    few = len(nodes) <= TOGETHER
    return [each for some in together for each in _measure(graph, some, keep=few)]


def _measure(graph: Graph, nodes: Sequence[Node], *, keep: bool) -> Iterator[Measured]:
    """Yield what to say of images. keep: also keep what they take, which whoever builds them needs."""
    inputs = graph.workshop.inputs
    inputs.expect(each for node in nodes for each in node.wanted())
    uses = [node.select() for node in nodes]
    inputs.weigh(use for each in uses for use in each)
    for node, contexts in zip(nodes, uses, strict=True):
        if keep:
            node.contexts = contexts
        yield measured(node.outline, contexts)


def measured(own: Outline, contexts: Sequence[ContextUse]) -> Measured:
    """Return what there is to say of an image with contexts whose pieces have been weighed."""
    pieces = [each for use in contexts for each in use.pieces]
    return Measured(
        identity=identity(own.meaning, contexts),
        files=sum(len(each.entries) for each in pieces),
        bytes=sum(each.bytes for each in pieces),
        digests=tuple(digest(use) for use in contexts),
        missing=tuple(each for use in contexts for each in use.missing),
        uses=tuple((each.kind, each.name, each.parent) for each in own.edges),
        exact=not own.doubts,
    )


def dump(found: Sequence[Measured]) -> bytes:
    """Return what was found as bytes."""
    return json.dumps([encode(each) for each in found]).encode()


def load(raw: bytes) -> Sequence[Measured]:
    """Return it again."""
    return [decode(Measured, each) for each in json.loads(raw)]
