"""``--shards`` and ``--shard``: what they ask for, and which images that leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mbuild.errors import UsageError
from mbuild.output.formats.jobs import active, parts_of
from mbuild.schedule.shards import split_wanted

if TYPE_CHECKING:
    from mbuild.graph.affected import Reason
    from mbuild.graph.node import Graph
    from mbuild.output.report import Report
    from mbuild.schedule.shards import Part


def check(shards: int | None, shard: int | None, *, looking: bool) -> None:
    """Raise UsageError where the two options do not go together."""
    if shard and not shards:
        raise UsageError(f"--shard {shard} of how many?", "add --shards N")
    if shard and shards and shard > shards:
        raise UsageError(f"--shard {shard} is none of {shards}: they are counted from 1")
    if shards and not shard and not looking:
        raise UsageError(
            "--shards alone builds nothing", "add --shard I to build one of them, or --dry-run to see them all"
        )


Reasons = Mapping[str, "tuple[Reason, ...]"]


def mine(graph: Graph, wanted: Reasons, shards: int | None, shard: int | None) -> tuple[tuple[Part, ...], Reasons]:
    """Return the parts, and what is wanted of this one; () and everything where no part is asked for.

    Parts are made before anybody looks what exists: each machine makes them anew, and they must agree.
    """
    if not shards or not shard:
        return (), wanted
    parts = split_wanted(graph, wanted, shards)
    return parts, {name: wanted[name] for name in parts[shard - 1].images}


def all_parts(report: Report, shards: int | None) -> tuple[Part, ...]:
    """Return the parts of a plan of which all are asked for: one machine makes them, so it may use all it knows."""
    return parts_of(active(report), shards) if shards else ()
