"""What comparing two trees found, as bytes and back. Where images are outlined otherwise at the two, to find that again
would mean to read their Dockerfiles again. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from mbuild.errors import Where
from mbuild.graph.affected import Affected, Reason
from mbuild.graph.frozen import outline_from
from mbuild.graph.images import PatchedImages, Summary
from mbuild.graph.node import Graph
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.graph.images import Known
    from mbuild.graph.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Verdict:
    """The graph of head, which images are affected, and the changed paths that no image has to do with."""

    graph: Graph
    affected: Affected
    unowned: tuple[str, ...]


def freeze(base: Graph, found: Verdict) -> bytes | None:
    """Return a verdict as bytes; None where the graph of head is not that of base with some images outlined anew."""
    images = found.graph.images
    if not isinstance(images, PatchedImages) or images.base is not base.images:
        return None
    from mbuild.store.codec import encode

    value = {
        "fresh": {name: [*images.summaries[name], encode(images.source(name).outline())] for name in images.fresh},
        "order": None if found.graph.order == base.order else found.graph.order,
        "reasons": {name: [_listed(each) for each in reasons] for name, reasons in found.affected.reasons.items()},
        "removed": found.affected.removed,
        "unowned": found.unowned,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def thaw(raw: bytes, base: Graph, shop: Workshop) -> Verdict:
    """Return the verdict again. shop: of head, with its definitions. Raises ValueError for bytes of something else."""
    value = json.loads(raw)
    fresh: dict[str, Known] = {name: _known(row) for name, row in value["fresh"].items()}
    images = PatchedImages(base.images, shop.definitions, fresh)
    order = base.order if value["order"] is None else tuple(value["order"])
    gone = frozenset(base.nodes).difference(images.names)
    graph = Graph(order, images, shop, patch=(base.index, gone.union(fresh)))
    reasons = {name: tuple(map(_reason, found)) for name, found in value["reasons"].items()}
    return Verdict(graph, Affected(reasons, tuple(value["removed"])), tuple(value["unowned"]))


def _known(row: Sequence[Any]) -> Known:
    dockerfile, root, target, platforms, parents, outline = row
    return Summary(dockerfile, root, target, tuple(platforms), tuple(parents)), cache(lambda: outline_from(outline))


def _listed(reason: Reason) -> Sequence[Any]:
    where = reason.where
    place = (where.file, where.line, where.col) if where else ()
    return (reason.kind, reason.path, reason.change, reason.parent, *place)


def _reason(row: Sequence[Any]) -> Reason:
    kind, path, change, parent, *place = row
    return Reason(kind, path, change, parent, Where(*place) if place else None)
