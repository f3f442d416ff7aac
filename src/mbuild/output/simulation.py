"""What ``simulate`` answers: totals, the commits that cost most, and what causes rebuilds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mbuild.errors import Problem, printable
from mbuild.git.history import Commit
from mbuild.graph.impact import Share, shares
from mbuild.output.text import table
from mbuild.output.words import count, duration, size
from mbuild.schedule.estimate import Costs
from mbuild.values import dataclass, field

MOST = 10


@dataclass(frozen=True, slots=True)
class Replayed:
    """One commit against its first parent.

    rebuilt:     the images that it affects. images: all that there are.
    bytes:       of the contexts of those; all_bytes: of all images' contexts.
    lines, paths: of each rebuilt image, the lines and the changed paths that cause it (``graph.impact``).
    problem:     why it could not be replayed; then it counts for nothing.
    """

    commit: Commit
    rebuilt: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    bytes: int = 0
    all_bytes: int = 0
    lines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    paths: Mapping[str, frozenset[str]] = field(default_factory=dict)
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """A replay of commits, oldest first. costs: what images take to build; given: somebody said so, and no history."""

    commits: tuple[Replayed, ...]
    costs: Costs
    given: bool = False

    @property
    def rebuilds(self) -> int:
        """How many images were rebuilt in all."""
        return sum(len(each.rebuilt) for each in self.commits)

    @property
    def all_rebuilds(self) -> int:
        """How many it would have been if every commit rebuilt everything."""
        return sum(len(each.images) for each in self.commits)

    @property
    def bytes(self) -> int:
        """Bytes of the contexts of what was rebuilt."""
        return sum(each.bytes for each in self.commits)

    @property
    def all_bytes(self) -> int:
        """Bytes of the contexts if every commit rebuilt everything."""
        return sum(each.all_bytes for each in self.commits)

    @property
    def seconds(self) -> float | None:
        """How long all rebuilds take, one after the other; None where nobody knows."""
        return self.costs.sum(name for each in self.commits for name in each.rebuilt)

    @property
    def all_seconds(self) -> float | None:
        """How long it would take if every commit rebuilt everything."""
        return self.costs.sum(name for each in self.commits for name in each.images)

    def lines(self) -> tuple[Share, ...]:
        """Return what each line that reads files caused."""
        return shares((each.lines for each in self.commits), self.costs.of)

    def paths(self) -> tuple[Share, ...]:
        """Return what each changed path caused."""
        return shares((each.paths for each in self.commits), self.costs.of)


def as_json(found: Simulation) -> dict[str, Any]:
    """Return the answer as JSON."""
    return {
        "schema": 1,
        "rebuilds": found.rebuilds,
        "all_rebuilds": found.all_rebuilds,
        "bytes": found.bytes,
        "all_bytes": found.all_bytes,
        "seconds": _rounded(found.seconds),
        "all_seconds": _rounded(found.all_seconds),
        "commits": [_commit(each, found.costs) for each in found.commits],
        "lines": [_share(each, found.costs) for each in found.lines()],
        "paths": [_share(each, found.costs) for each in found.paths()],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _commit(each: Replayed, costs: Costs) -> dict[str, Any]:
    value: dict[str, Any] = {
        "commit": each.commit.id,
        "parent": each.commit.parent,
        "subject": each.commit.subject,
        "rebuilt": sorted(each.rebuilt),
        "images": len(each.images),
        "bytes": each.bytes,
        "all_bytes": each.all_bytes,
        "seconds": _rounded(costs.sum(each.rebuilt)),
        "all_seconds": _rounded(costs.sum(each.images)),
    }
    return value | ({"problem": str(each.problem)} if each.problem else {})


def _share(each: Share, costs: Costs) -> dict[str, Any]:
    seconds = None if costs.usual is None else round(each.alone_weight, 3)
    value = {"cause": each.cause, "commits": each.commits, "rebuilds": each.rebuilds}
    return value | {"alone": each.alone, "alone_seconds": seconds}


def as_text(found: Simulation) -> str:
    """Return the answer as people read it."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Simulation) -> Iterator[str]:
    yield f"{count(len(found.commits), 'commit')}: {_against(found)}"
    yield f"contexts: {size(found.bytes)} instead of {size(found.all_bytes)}"
    if found.seconds is not None:
        instead = duration(found.all_seconds or 0)
        yield f"building, in sum: {duration(found.seconds)} instead of {instead}, {_how(found)}"
    costly = sorted((each for each in found.commits if each.rebuilt), key=lambda each: -len(each.rebuilt))[:MOST]
    if costly:
        yield ""
        yield "the commits that rebuild most"
        yield from table([_costly(each, found.costs) for each in costly])
    yield from _causes("the lines that cause most rebuilds", found.lines())
    yield from _causes("the paths that cause most rebuilds", found.paths())
    for each in found.commits:
        if each.problem:
            yield f"not replayed: {each.commit.id[:12]}: {printable(str(each.problem))}"


def _against(found: Simulation) -> str:
    text = f"{count(found.rebuilds, 'rebuild')} instead of {found.all_rebuilds:,}"
    return f"{text} ({100 * found.rebuilds / found.all_rebuilds:.1f} %)" if found.all_rebuilds else text


def _how(found: Simulation) -> str:
    """Return where the seconds come from."""
    if found.given:
        return f"at {duration(found.costs.usual or 0)} an image"
    images = {name for each in found.commits for name in each.images}
    known = len(images & found.costs.known.keys())
    rest = "" if known == len(images) else f", the others as the median of {known}"
    return f"by what {count(known, 'image')} took here{rest}"


def _costly(each: Replayed, costs: Costs) -> list[str]:
    seconds = costs.sum(each.rebuilt)
    return [
        each.commit.id[:12],
        f"{len(each.rebuilt)} of {len(each.images)}",
        size(each.bytes),
        *([] if seconds is None else [duration(seconds)]),
        printable(each.commit.subject),
    ]


def _causes(title: str, found: Sequence[Share]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield title
    yield from table([_cause(each) for each in found[:MOST]])


def _cause(each: Share) -> list[str]:
    saved = f"{each.alone:,} for nothing else" if each.alone else "always together with others"
    saved += f" ({duration(each.alone_weight)})" if each.alone_weight else ""
    return [printable(each.cause), f"{count(each.rebuilds, 'rebuild')} in {count(each.commits, 'commit')}", saved]
