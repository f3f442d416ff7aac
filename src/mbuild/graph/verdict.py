"""What comparing two trees found, as bytes and back. That is for where to find it again takes long: images are outlined
otherwise at the two, so that Dockerfiles would have to be read, or very much has changed. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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


def freeze(base: Graph, found: Verdict, *, redefined: bool, scattered: bool) -> bytes | None:
    """Return a verdict as bytes; None where the graph of head is not that of base, some images outlined anew or none.

    redefined: whether build.yaml has to be read at head to know what it says there.
    scattered: whether anything scattered (``tree.is_scattered``) differs.
    """
    images, fresh = found.graph.images, None
    if images is not base.images:
        if not isinstance(images, PatchedImages) or images.base is not base.images:
            return None
        from mbuild.store.codec import encode

        fresh = {name: [*images.summaries[name], encode(images.source(name).outline())] for name in images.fresh}
    places: dict[Where | None, int] = {}
    value = {
        "redefined": redefined,
        "scattered": scattered,
        "fresh": fresh,
        "order": None if found.graph.order == base.order else found.graph.order,
        "reasons": {name: [_listed(each, places) for each in some] for name, some in found.affected.reasons.items()},
        "places": [(each.file, each.line, each.col) if each else None for each in places],
        "removed": found.affected.removed,
        "unowned": found.unowned,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def read(raw: bytes) -> Mapping[str, Any]:
    """Return what ``freeze`` was told and wrote, for ``thaw``. Raises ValueError for anything else."""
    value = json.loads(raw)
    if not isinstance(value, dict) or not {"redefined", "scattered"} <= value.keys():
        raise ValueError("no verdict")
    return value


def thaw(value: Mapping[str, Any], base: Graph, shop: Workshop) -> Verdict:
    """Return the verdict again. shop: of head, with its definitions."""
    order = base.order if value["order"] is None else tuple(value["order"])
    places = [Where(*each) if each else None for each in value["places"]]
    reasons = {
        name: tuple([Reason(kind, path, change, parent, places[at]) for kind, path, change, parent, at in some])
        for name, some in value["reasons"].items()
    }
    graph = _graph(value["fresh"], order, base, shop)
    return Verdict(graph, Affected(reasons, tuple(value["removed"])), tuple(value["unowned"]))


def _graph(rows: Mapping[str, Sequence[Any]] | None, order: Sequence[str], base: Graph, shop: Workshop) -> Graph:
    if rows is None:
        return Graph(order, base.images, shop, base.index)
    fresh: dict[str, Known] = {name: _known(row) for name, row in rows.items()}
    images = PatchedImages(base.images, shop.definitions, fresh)
    gone = frozenset(base.nodes).difference(images.names)
    return Graph(order, images, shop, patch=(base.index, gone.union(fresh)))


def _known(row: Sequence[Any]) -> Known:
    dockerfile, root, target, platforms, parents, outline = row
    return Summary(dockerfile, root, target, tuple(platforms), tuple(parents)), cache(lambda: outline_from(outline))


def _listed(reason: Reason, places: dict[Where | None, int]) -> Sequence[Any]:
    """Return a reason, its place by number: there are few."""
    place = places.setdefault(reason.where, len(places))
    return (reason.kind, reason.path, reason.change, reason.parent, place)
