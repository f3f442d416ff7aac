"""One run of a building command, as values: what was asked for and what it is done with."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.app.question import head_info
from mbuild.app.workspace import Snapshot, Workspace
from mbuild.builders.protocol import Builder
from mbuild.builders.registry import Chosen
from mbuild.cli.settings import BuildOptions, Settings
from mbuild.graph.affected import Reason
from mbuild.output.report import BaseInfo, HeadInfo
from mbuild.schedule.shards import Part
from mbuild.values import dataclass


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
