"""What plain builds would have sent, for reports. To count it takes as long as to look at every file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mbuild.context.full import Counter, InTree, OnDisk, Size
from mbuild.errors import MbuildError, Problem
from mbuild.git.trees import CommitTree
from mbuild.git.worktree import WorkTree
from mbuild.graph.places import ignore_lines
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from mbuild.app.workspace import AnyTree, Workspace
    from mbuild.dockerfile.ignore import IgnoreLine
    from mbuild.graph.node import Graph
    from mbuild.graph.outline import Place
    from mbuild.output.report import ImageReport, Report

Roots = Mapping[str, Sequence["Place"]]
"""The places of the contexts of images, by name."""

Counted = tuple[Mapping["Place", Size], tuple[Problem, ...]]
"""The sizes of places, and what to say where they cannot be told."""


@dataclass(slots=True)
class Sizes:
    """Counts what plain builds would send from the context roots of one tree."""

    workspace: Workspace
    tree: AnyTree
    _roots: dict[str, Counter[Any]] = field(default_factory=dict)
    _lines: dict[str, tuple[IgnoreLine, ...]] = field(default_factory=dict)

    @property
    def counted(self) -> int:
        """How many files were counted so far."""
        return sum(each.counted for each in self._roots.values())

    @property
    def known(self) -> bool:
        """Whether they can be counted: a partial clone would have to fetch what it leaves out."""
        return not (isinstance(self.tree, CommitTree) and self.tree.repository.is_partial)

    def full(self, place: Place) -> Size:
        """Return the size of a whole context root minus its ignore file. Raises GitError."""
        if place.ignore not in self._lines:
            self._lines[place.ignore] = ignore_lines(self.tree, place.ignore)
        if place.root not in self._roots:
            self._roots[place.root] = self._counter(place.root)
        return self._roots[place.root].count(self._lines[place.ignore])

    def _counter(self, root: str) -> Counter[Any]:
        if isinstance(self.tree, WorkTree):
            # What mbuild itself writes there, while this is counted, no plain build would meet.
            return Counter(OnDisk(str(self.workspace.repository.top / root), str(self.workspace.output)))
        return Counter(InTree(self.tree.sized(root) if isinstance(self.tree, CommitTree) else ()))


def count(sizes: Sizes, places: Roots) -> Counted:
    """Return the size of each place. A run does not fail where they cannot be told."""
    if not sizes.known:
        return {}, ()
    try:
        return {each: sizes.full(each) for each in dict.fromkeys(_all(places))}, ()
    except (MbuildError, OSError) as error:
        return {}, (Problem(f"what plain builds would send could not be counted: {error}"),)


def _all(places: Roots) -> Iterable[Place]:
    return (each for some in places.values() for each in some)


def places_of(graph: Graph, images: Iterable[str]) -> Roots:
    """Return where the contexts of images lie."""
    return {name: graph.nodes[name].outline.places for name in images}


def with_sizes(report: Report, places: Roots, found: Mapping[Place, Size]) -> Report:
    """Add what plain builds would send to the images of which all places were counted."""

    def counted(each: ImageReport) -> ImageReport:
        full = [found.get(place) for place in places.get(each.name, ())]
        known = [one for one in full if one is not None]
        if each.context is None or not known or len(known) < len(full):
            return each
        files, total = sum(one.files for one in known), sum(one.bytes for one in known)
        return replace(each, context=replace(each.context, full_files=files, full_bytes=total))

    return replace(report, images=tuple([counted(each) for each in report.images]))
