"""``mbuild init``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mbuild.cli.main import Settings

if TYPE_CHECKING:
    from mbuild.app.discovering import Proposal
    from mbuild.app.workspace import Workspace
    from mbuild.git.worktree import WorkTree

EPILOG = """\b
Examples:
  mbuild init --dry-run         print what would be written
  mbuild init                   write build.yaml at the top of the repository
"""


@click.command("init", epilog=EPILOG)
@click.option("--dry-run", is_flag=True, help="Print build.yaml instead of writing it.")
@click.pass_obj
def command(settings: Settings, dry_run: bool) -> None:
    """Write build.yaml from what is there: Dockerfiles, compose, bake and skaffold files.

    A build.yaml that is there already is left alone: then this says what it lacks.
    """
    from mbuild.app.discovering import propose
    from mbuild.app.workspace import open_workspace
    from mbuild.cli.boundary import print_problems

    workspace = open_workspace(settings.directory, settings.config)
    tree = workspace.repository.work_tree()
    proposal = propose(tree)
    print_problems(proposal.found.problems, "note")
    if dry_run:
        sys.stdout.write(proposal.text)
    elif workspace.config is not None:
        _compare(workspace, tree, proposal)
    else:
        _write(workspace.repository.top, proposal)


def _compare(workspace: Workspace, tree: WorkTree, proposal: Proposal) -> None:
    """Say which images a build.yaml lacks that are stated elsewhere; nothing is written."""
    from mbuild.discovery.write import entries
    from mbuild.output.words import count

    project = workspace.project(tree)
    there = {(each.dockerfile, each.context_root, each.target) for each in project.images} if project else set()
    lacking = [
        each
        for each in proposal.found.images
        if (each.build.dockerfile, each.build.context, each.build.target) not in there
    ]
    if not lacking:
        sys.stdout.write(f"{workspace.shown} has every image that is stated here; it stays as it is\n")
        return
    sys.stdout.write(f"{workspace.shown} stays as it is. It lacks {count(len(lacking), 'image')} stated elsewhere:\n")
    sys.stdout.write(entries(lacking))


def _write(top: Path, proposal: Proposal) -> None:
    from mbuild.errors import ConfigError
    from mbuild.output.words import count

    if not proposal.found.images:
        raise ConfigError(
            "nothing was found to write: no compose, bake or skaffold file and no Dockerfile states an image",
            "files that git ignores are not looked at",
        )
    path = top / "build.yaml"
    temporary = top / f".build.yaml.{os.getpid()}"
    try:
        temporary.write_text(proposal.text, encoding="utf-8")
        # Unlike a rename this never replaces a file that someone else has just written.
        os.link(temporary, path)
    except FileExistsError:
        raise ConfigError("there is a build.yaml by now; it stays as it is") from None
    finally:
        temporary.unlink(missing_ok=True)
    sys.stdout.write(f"wrote build.yaml: {count(len(proposal.found.images), 'image')}; mbuild check reads all of it\n")
