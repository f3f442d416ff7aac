"""The names of images for a shell that completes them: what build.yaml says now, without a look at any other file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mbuild.app.workspace import Workspace, open_workspace
from mbuild.config.load import load
from mbuild.tree import decode


def image_names(directory: Path, config: Path | None) -> tuple[str, ...]:
    """Return the names, sorted; () without a build.yaml. Raises MbuildError for one that cannot be read."""
    workspace = open_workspace(directory, config)
    if workspace.config is None:
        return ()
    folder = workspace.inside.rpartition("/")[0] if workspace.inside else ""
    text = workspace.config.read_bytes()
    project = load(text, shown="build.yaml", folder=folder, tree_paths=lambda where: _tracked(workspace, where.folder))
    return tuple(each.name for each in project.images)


def _tracked(workspace: Workspace, folder: str) -> Iterable[str]:
    """Return the paths that git has: looking for others, too, takes as long as git status."""
    raw = workspace.repository.git.run("ls-files", "-z", "--", *([folder] if folder else []))
    return (decode(each) for each in raw.split(b"\0") if each)
