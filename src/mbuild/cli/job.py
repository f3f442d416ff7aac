"""One run of a building command, as values: what was asked for and what it is done with."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.app.question import head_info
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.protocol import Builder
from mbuild.builders.registry import Chosen
from mbuild.cli.settings import Settings
from mbuild.graph.affected import Reason
from mbuild.output.report import BaseInfo, HeadInfo
from mbuild.schedule.shards import Part
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The flags that the building commands share."""

    dry_run: bool = False
    builder: str | None = None
    jobs: int | None = None
    timeout: float | None = None
    stall_timeout: float | None = 120
    retries: int = 3
    wait: bool = True
    fail_fast: bool = False
    force: bool = False
    push: bool = False
    tags_last: bool = True
    reuse: bool = True
    promote_from: str | None = None
    annotations: bool = True
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    output: str | None = None
    metadata: str | None = None
    metadata_format: str = "json"
    format_: str = "text"
    junit: str | None = None
    report: str | None = None
    shards: int | None = None
    shard: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The images asked for with their reasons, and the comparison they come from, if any."""

    command: str
    snapshot: Snapshot
    reasons: Mapping[str, tuple[Reason, ...]]
    head: HeadInfo
    base: BaseInfo | None = None
    unowned: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a building command.

    chosen: None where a dry run goes without a builder. parts: what ``--shards`` makes of the images wanted; asked:
    those of them that this run is about.
    """

    settings: Settings
    workspace: Workspace
    wanted: Wanted
    options: BuildOptions
    chosen: Chosen | None
    parts: tuple[Part, ...]
    asked: Mapping[str, tuple[Reason, ...]]

    @property
    def builder(self) -> Builder | None:
        """What builds, if anything does."""
        return self.chosen.builder if self.chosen else None


def head_of(snapshot: Snapshot, ref: str | None) -> HeadInfo:
    """Describe the head of a command that compares nothing."""
    return head_info(snapshot.tree, ref)
