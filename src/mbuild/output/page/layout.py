"""Where the boxes of the graph stand: in columns, each to the right of what it uses. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mbuild.output.page.status import status
from mbuild.output.report import ImageReport
from mbuild.output.words import count
from mbuild.values import dataclass

MOST_BOXES = 150
"""More cannot be followed by the eye."""
MANY = 4
"""More images than that share a box, where they are alike and nothing shown uses them."""
SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """One image, or several alike that no other one uses. uses: names of the first image of other boxes."""

    images: tuple[str, ...]
    state: str
    uses: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its first image, which no other box has."""
        return self.images[0]

    @property
    def text(self) -> str:
        """What is written in it."""
        return self.name if len(self.images) == 1 else count(len(self.images), "image")


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes by column, from top to bottom. left: images that are not drawn, as they would be too many."""

    columns: tuple[tuple[Box, ...], ...]
    left: int = 0


def drawing(images: Sequence[ImageReport], *, everything: bool) -> Drawing:
    """Return the boxes of the images of a report. everything: also those that nothing happens to."""
    found = boxes(images, everything=everything)
    drawn = _most_used(found)
    left = sum(len(each.images) for each in found) - sum(len(each.images) for each in drawn)
    names = {each.name for each in drawn}
    kept = [Box(each.images, each.state, tuple(one for one in each.uses if one in names)) for each in drawn]
    return Drawing(_ordered(_columns(kept)), left)


def boxes(images: Sequence[ImageReport], *, everything: bool) -> list[Box]:
    """Return a box for each image, and one for many that are alike."""
    active = {each.name for each in images if everything or status(each) != "not affected"}
    used = {parent for each in images if each.name in active for parent in each.parents}
    alike: dict[object, list[ImageReport]] = {}
    for each in images:
        if each.name in active or each.name in used:
            key = each.name if each.name in used else (status(each), each.parents)
            alike.setdefault(key, []).append(each)
    found = []
    for group in alike.values():
        together = [group] if len(group) > MANY else [[each] for each in group]
        found += [_box(each, shows_parents=each[0].name in active) for each in together]
    return sorted(found, key=lambda each: each.name)


def _box(group: Sequence[ImageReport], *, shows_parents: bool) -> Box:
    # What an image uses that is only there because it is used itself is of no interest.
    return Box(tuple(each.name for each in group), status(group[0]), group[0].parents if shows_parents else ())


def _most_used(found: list[Box]) -> list[Box]:
    """Return those that fit: those first that failed, and then those that most others use, directly or not."""
    if len(found) <= MOST_BOXES:
        return found
    weight: dict[str, int] = {}
    uses = {each.name: each.uses for each in found}
    for each in found:
        pending, seen = list(each.uses), set[str]()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                weight[name] = weight.get(name, 0) + len(each.images)
                pending += uses.get(name, ())
    rank = sorted(found, key=lambda each: (each.state != "failed", -weight.get(each.name, 0) - len(each.images)))
    kept = {each.name for each in rank[:MOST_BOXES]}
    return [each for each in found if each.name in kept]


def _columns(found: Sequence[Box]) -> list[list[Box]]:
    uses = {each.name: each.uses for each in found}
    depth: dict[str, int] = {}
    for each in found:
        _deepen(each.name, uses, depth)
    columns: list[list[Box]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for each in found:
        columns[depth[each.name]].append(each)
    return columns


def _deepen(name: str, uses: Mapping[str, Sequence[str]], depth: dict[str, int]) -> None:
    """Note how far an image is from those that use nothing, however long the chain."""
    waiting = [name]
    while waiting:
        unknown = [one for one in uses[waiting[-1]] if one not in depth]
        if unknown:
            waiting += unknown
        else:
            at = waiting.pop()
            depth[at] = 1 + max((depth[one] for one in uses[at]), default=-1)


def _ordered(columns: list[list[Box]]) -> tuple[tuple[Box, ...], ...]:
    """Sort each column so that lines cross seldom: by the mean place of what its boxes use, and are used by."""
    users: dict[str, list[str]] = {}
    for each in (box for column in columns for box in column):
        for parent in each.uses:
            users.setdefault(parent, []).append(each.name)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        places = _places(columns)
        for column in columns if forth else reversed(columns):
            column.sort(key=lambda box: _mean(places, box.uses if forth else users.get(box.name, ()), box.name))
            places |= _places([column])
    return tuple(tuple(column) for column in columns)


def _places(columns: Sequence[Sequence[Box]]) -> dict[str, float]:
    return {box.name: (index + 0.5) / len(column) for column in columns for index, box in enumerate(column)}


def _mean(places: Mapping[str, float], names: Sequence[str], own: str) -> float:
    return sum(places[name] for name in names) / len(names) if names else places[own]
