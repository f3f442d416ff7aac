"""What a picture of an answer shows: the images that something happens to, and what they use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mbuild.output.formats.jobs import active

if TYPE_CHECKING:
    from mbuild.output.report import Report


@dataclass(frozen=True, slots=True)
class Box:
    """One image. kind: ``build``, ``reuse``, ``affected`` (nothing more is known) or ``used`` (nothing happens)."""

    name: str
    kind: str


def boxes(report: Report) -> tuple[Box, ...]:
    """Return the images, sorted by name."""
    shown = {each.name: each.action or "affected" for each in active(report)}
    used = {parent: "used" for parent in _parents(report, shown) if parent not in shown}
    return tuple(Box(name, kind) for name, kind in sorted((shown | used).items()))


def arrows(report: Report) -> Iterator[tuple[str, str]]:
    """Yield (image, what it uses) among the images shown."""
    for each in active(report):
        yield from ((each.name, parent) for parent in each.parents)


def _parents(report: Report, shown: dict[str, str]) -> Iterator[str]:
    return (parent for each in report.images if each.name in shown for parent in each.parents)
