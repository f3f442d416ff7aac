"""Splits images into parts that machines build side by side. A pure function: the same on every machine.

Every part is closed: with an image it holds the images of the whole that this one uses, so a part waits for no other.
An image that several parts hold is said to be shared; whoever has a registry builds it once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.graph.node import Graph


@dataclass(frozen=True, slots=True)
class Part:
    """One part. images: parents before children; shared: those of them that other parts hold too.

    weight: seconds where those are known, else the number of images.
    """

    images: tuple[str, ...]
    shared: tuple[str, ...]
    weight: float


@dataclass(slots=True)
class _Bin:
    number: int
    images: set[str] = field(default_factory=set)
    weight: float = 0.0


def split(needs: Mapping[str, Collection[str]], weights: Mapping[str, float], number: int) -> tuple[Part, ...]:
    """Return ``number`` parts, some empty where there are not enough images.

    needs:   every image, parents first, with all images among them that it uses, directly or not.
    weights: what an image weighs; one that is missing weighs as much as those that are there do on average.

    Images that no other one uses are placed one after the other, the heaviest with all it needs first, where the part
    is the lightest afterwards. So no part is heavier than another by more than one such image with all it needs.
    """
    weigh = _weights(needs, weights)
    used = {parent for parents in needs.values() for parent in parents}
    whole = {name: {name, *parents} for name, parents in needs.items() if name not in used}
    heavy = {name: sum(weigh[each] for each in sorted(images)) for name, images in whole.items()}
    bins = [_Bin(each) for each in range(number)]
    for name in sorted(whole, key=lambda name: (-heavy[name], name)):
        _place(whole[name], bins, weigh)
    held = Counter(name for each in bins for name in each.images)
    shared = {name for name, times in held.items() if times > 1}
    return tuple(_part(each, needs, shared) for each in bins)


def _weights(needs: Mapping[str, Collection[str]], weights: Mapping[str, float]) -> dict[str, float]:
    known = [weights[name] for name in needs if name in weights]
    usual = sum(known) / len(known) if known else 1.0
    return {name: weights.get(name, usual) for name in needs}


def _place(images: set[str], bins: Sequence[_Bin], weigh: Mapping[str, float]) -> None:
    def after(each: _Bin) -> tuple[float, float, int, int]:
        more = sum(weigh[name] for name in sorted(images - each.images))
        return each.weight + more, more, len(each.images), each.number

    best = min(bins, key=after)
    best.weight = after(best)[0]
    best.images |= images


def _part(each: _Bin, needs: Mapping[str, Collection[str]], shared: set[str]) -> Part:
    images = tuple(name for name in needs if name in each.images)
    return Part(images, tuple(name for name in images if name in shared), each.weight)


def needs_among(
    wanted: Collection[str], order: Sequence[str], parents: Mapping[str, Collection[str]]
) -> dict[str, set[str]]:
    """Return the images wanted, in order, each with all those wanted that it uses, directly or through others.

    order: parents before children, with all that the wanted images use. parents: the direct ones.
    """
    found: dict[str, set[str]] = {}
    for name in order:
        direct = [each for each in parents.get(name, ()) if each in found]
        found[name] = {each for each in direct if each in wanted}.union(*(found[each] for each in direct))
    return {name: found[name] for name in order if name in wanted}


def split_wanted(graph: Graph, wanted: Mapping[str, object], number: int) -> tuple[Part, ...]:
    """Return parts of the images wanted, by their number alone.

    What a machine knows besides the graph (what it has built, how long that took) must not count: machines that split
    differently would leave images out between them.
    """
    order = graph.with_parents(wanted)
    parents = {name: graph.images.summaries[name].parents for name in order}
    return split(needs_among(wanted, order, parents), {}, number)
