"""What causes rebuilds: the lines that read, and the paths that change, over many comparisons. Pure.

A line (or a path) has its share in an image that is affected through it, directly or through parents. If nothing else
affects the image, it would not have been rebuilt without: that is what narrowing the line could save at most.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from mbuild.graph.affected import Reason
from mbuild.values import dataclass

OTHER = ""
"""Stands for every cause that is no change of a file that a line reads."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one cause did. rebuilds: images affected through it; alone: those that nothing else affects.

    alone_weight: of those, all weights together.
    """

    cause: str
    commits: int
    rebuilds: int
    alone: int
    alone_weight: float = 0.0


def causes(order: Iterable[str], reasons: Mapping[str, Sequence[Reason]], by_path: bool) -> dict[str, frozenset[str]]:
    """Return for each affected image what it is rebuilt for: lines (``FILE:LINE``) or paths, parents' causes included.

    order: all images, parents before children.
    """
    found: dict[str, frozenset[str]] = {}
    for name in order:
        if name in reasons:
            found[name] = frozenset(each for one in reasons[name] for each in _of(one, found, by_path))
    return found


def _of(reason: Reason, known: Mapping[str, frozenset[str]], by_path: bool) -> Iterable[str]:
    if reason.kind == "parent-affected" and reason.parent is not None:
        return known.get(reason.parent, (OTHER,))
    if reason.kind != "file-changed" or reason.where is None:
        return (OTHER,)
    return ((reason.path or OTHER) if by_path else f"{reason.where.file}:{reason.where.line}",)


def shares(commits: Iterable[Mapping[str, frozenset[str]]], weigh: Callable[[str], float]) -> tuple[Share, ...]:
    """Return what each cause did over many commits, those that could save most first. weigh: what an image costs."""
    weights: defaultdict[str, float] = defaultdict(float)
    rebuilds: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for found in commits:
        seen.update(frozenset().union(*found.values()))
        for image, each in found.items():
            rebuilds.update(each)
            if len(each) == 1:
                alone.update(each)
                weights[min(each)] += weigh(image)
    listed = (
        Share(cause, seen[cause], rebuilds[cause], alone[cause], weights[cause]) for cause in rebuilds if cause != OTHER
    )
    return tuple(sorted(listed, key=lambda each: (-each.alone_weight, -each.alone, -each.rebuilds, each.cause)))
