"""What a command answers, as a value: the formats only arrange it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.errors import Problem, Where
    from mbuild.graph.affected import Reason
    from mbuild.graph.images import Summary
    from mbuild.graph.node import Graph
    from mbuild.output.target import Target
    from mbuild.schedule.shards import Part

WORTH_TELLING_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """The base that was compared with: the ref as given or found, its commit and how it was found.

    unproven: it is what was there before, and nobody says whether it was built.
    """

    ref: str
    commit: str | None
    how: str
    unproven: bool = False


@dataclass(frozen=True, slots=True)
class HeadInfo:
    """The head: ``ref`` is as given, or ``work tree``; dirty: the work tree differs from the commit."""

    ref: str
    commit: str | None
    dirty: bool


@dataclass(frozen=True, slots=True)
class ContextInfo:
    """An image's context: number of files, bytes, digest of its entries, and whether it is known exactly.

    full_files, full_bytes: what a plain build would have sent; None where nobody asked.
    """

    files: int
    bytes: int
    digest: str
    exact: bool
    full_files: int | None = None
    full_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """How an image ended in a run.

    pushed: the names that were read back from their registry. log: the last lines of a step that failed.
    problems: what went wrong, ``error`` being the first. sent: bytes of context that went to the builder.
    promoted_from: the name in a registry that it was promoted from.
    test:   how its test ended: ``passed``, ``checked`` or ``failed``; None where none was begun.
    log_file: where all is written down that was told of its build; None where nothing was.
    """

    status: str
    seconds: float
    image_id: str | None = None
    digest: str | None = None
    error: str | None = None
    pushed: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    sent: int = 0
    test: str | None = None
    promoted_from: str = ""
    log_file: str | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent as it was used: by its manifest's digest, where that is known, and its id."""

    name: str
    digest: str | None
    image_id: str | None


@dataclass(frozen=True, slots=True)
class External:
    """An image of others as it is written, and the digest it had; None where nobody said that."""

    reference: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """What an image that is there is made of. size: in bytes, None where nobody knows."""

    size: int | None
    parents: tuple[Parent, ...] = ()
    external: tuple[External, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageReport:
    """One image of the answer. ``action`` and what follows from it are None where the plan was not asked for.

    tested: its build ends with a test.
    """

    name: str
    affected: bool
    reasons: tuple[Reason, ...]
    dockerfile: str
    context_root: str
    target: str | None
    parents: tuple[str, ...]
    platforms: tuple[str, ...]
    action: str | None = None
    fingerprint: str | None = None
    tags: tuple[str, ...] | None = None
    context: ContextInfo | None = None
    estimate_seconds: float | None = None
    tested: bool = False
    done: Done | None = None
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer of ``affected``, ``all`` and ``build``.

    parts: what ``--shards`` makes of it; shard: which of them this answer is, from 1, None for all of them.
    again: the command that builds images of it by name, on any machine. targets: for formats that describe builds.
    seconds: how long a run took; all_seconds: how long building every image would have, by the history of builds.
    """

    command: str
    base: BaseInfo | None
    head: HeadInfo
    images: tuple[ImageReport, ...]
    order: tuple[tuple[str, ...], ...] = ()
    unowned: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    listing: bool = False
    builder: str = ""
    place: str = ""
    seconds: float | None = None
    all_seconds: float | None = None
    estimate_seconds: float | None = None
    jobs: int = 0
    parts: tuple[Part, ...] = ()
    shard: int | None = None
    again: tuple[str, ...] = ("mbuild", "build")
    targets: tuple[Target, ...] = ()

    @property
    def saved_seconds(self) -> float | None:
        """How much shorter a run was than building every image; None where that is not known, or it was not.

        A run that did not do what was asked, or that has built every image, has saved nothing.
        """
        from mbuild.schedule.machine import BAD

        states = [each.done.status if each.done else "" for each in self.images]
        if any(each in BAD for each in states) or all(each == "built" for each in states):
            return None
        if self.seconds is None or self.all_seconds is None:
            return None
        saved = self.all_seconds - self.seconds
        return saved if saved >= WORTH_TELLING_SECONDS else None


def listed(
    graph: Graph, affected: Mapping[str, tuple[Reason, ...]], actions: Mapping[str, str] | None = None
) -> tuple[ImageReport, ...]:
    """Return a report of every image, sorted by name, that says whether it is affected and why, and no more.

    actions: what a plan does with each image.
    """
    about, step = graph.images.summaries, (actions or {}).get
    return tuple([_listed(name, about[name], affected.get(name), step(name)) for name in graph.images.names])


def _listed(name: str, about: Summary, reasons: tuple[Reason, ...] | None, action: str | None) -> ImageReport:
    root = about.context_root or "."
    shown = (about.dockerfile, root, about.target, about.parents, about.platforms)
    return ImageReport(name, reasons is not None, reasons or (), *shown, action)


def place(where: Where | None) -> str | None:
    """Return ``FILE:LINE`` of a place."""
    if where is None:
        return None
    return f"{where.file}:{where.line}" if where.line else where.file
