"""What a picture of an answer shows: the images that something happens to, and what they use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.output.formats.jobs import active
from mbuild.output.words import MANY, WIDTH, wrapped
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.output.report import ImageReport, Report


@dataclass(frozen=True, slots=True)
class Box:
    """One image, or many that nothing shown uses and that use the same.

    kind: ``build``, ``reuse``, ``affected`` (nothing more is known) or ``used`` (nothing happens).
    uses: names of the first image of other boxes.
    """

    images: tuple[str, ...]
    kind: str
    uses: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its first image, which no other box has."""
        return self.images[0]

    def lines(self) -> list[str]:
        """Return the names as lines."""
        return list(wrapped(self.images, "", WIDTH // 2))


def boxes(report: Report) -> tuple[Box, ...]:
    """Return the boxes, sorted by name."""
    shown = active(report)
    used = {parent for each in shown for parent in each.parents}
    only_used = used - {each.name for each in shown}
    found = [*_together(shown, used), *(Box((name,), "used", ()) for name in only_used)]
    return tuple(sorted(found, key=lambda each: each.name))


def _together(shown: tuple[ImageReport, ...], used: set[str]) -> Iterator[Box]:
    alike: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for each in shown:
        key = (each.action or "affected", each.parents, each.name if each.name in used else "")
        alike.setdefault(key, []).append(each.name)
    for (kind, uses, _), names in alike.items():
        groups = [sorted(names)] if len(names) > MANY else [[name] for name in names]
        yield from (Box(tuple(group), kind, uses) for group in groups)
