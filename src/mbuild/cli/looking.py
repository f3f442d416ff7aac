"""Opens the repository for a command that builds, or for one that only looks and needs no build.yaml for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.cli.settings import Settings

if TYPE_CHECKING:
    from mbuild.app.ahead import Ahead
    from mbuild.app.workspace import Workspace


def look_ahead(settings: Settings, base: str | None, head: str | None) -> Ahead:
    """Begin what git has to do to compare two trees: to be called before anything that takes long to import."""
    from mbuild.app.ahead import Ahead

    # What is fetched is said first, and by whom: see ``_allow``.
    work_tree = head is None and not settings.fetch
    return Ahead(settings.directory, [head or "HEAD", base or ""], work_tree=work_tree)


def open_looking(
    settings: Settings, platforms: tuple[str, ...] = (), ahead: Ahead | None = None, *, head: str | None = None
) -> Workspace:
    """Open the workspace; where head has no build.yaml, say that what ``mbuild init`` would write stands in."""
    from mbuild.app.upward import for_head
    from mbuild.app.workspace import open_workspace
    from mbuild.cli.boundary import print_problems
    from mbuild.errors import Problem

    workspace = open_workspace(settings.directory, settings.config, platforms, looking=True, ahead=ahead)
    _allow(workspace, settings)
    workspace = for_head(workspace, head)
    if workspace.config is None:
        print_problems([Problem("there is no build.yaml: images are those that mbuild init --dry-run shows")], "note")
    return workspace


def open_building(settings: Settings, platforms: tuple[str, ...] = (), *, head: str | None = None) -> Workspace:
    """Open the workspace; without a build.yaml nothing can be built."""
    from mbuild.app.upward import for_head
    from mbuild.app.workspace import open_workspace

    workspace = open_workspace(settings.directory, settings.config, platforms)
    _allow(workspace, settings)
    return for_head(workspace, head)


def _allow(workspace: Workspace, settings: Settings) -> None:
    """Let the repository fetch what it lacks, each command said on stderr before it runs."""
    if settings.fetch:
        from mbuild.cli.boundary import print_problems
        from mbuild.errors import Problem
        from mbuild.git.bring import Fetcher

        workspace.repository.fetcher = Fetcher(lambda command: print_problems([Problem(command)], "note"))
