"""``mbuild mark-success``."""

from __future__ import annotations

import os
import sys

import click

from mbuild.cli.settings import Settings

EPILOG = """\b
Examples:
  mbuild mark-success                     HEAD was built: the next --base last-success compares with it
  mbuild mark-success --push              and the next run finds it in its own clone, with --fetch
  mbuild mark-success --branch release    the mark of another branch
"""


@click.command("mark-success", epilog=EPILOG)
@click.option("--head", metavar="REF", default="HEAD", help="The commit that was built; default: HEAD.")
@click.option("--branch", metavar="NAME", help="Whose last success it is; default: the branch that is built.")
@click.option("--push", is_flag=True, help="Push the mark to the remote. Branches and tags are never touched.")
@click.pass_obj
def command(settings: Settings, head: str, branch: str | None, push: bool) -> None:
    """Note a commit as the last success of its branch, in a ref below refs/mbuild/ that only mbuild writes."""
    from mbuild.app.workspace import open_workspace
    from mbuild.ci.model import PULL_REQUEST
    from mbuild.ci.registry import current
    from mbuild.errors import UsageError
    from mbuild.git import marks

    workspace = open_workspace(settings.directory, settings.config)
    repository = workspace.repository
    run = None if branch else current(os.environ)
    if run is not None and run.event == PULL_REQUEST:
        raise UsageError(
            "a pull request's run is no success of a branch", "name the branch if you mean it: --branch NAME"
        )
    commit = repository.resolve_commit(head)
    ref = marks.mark(repository, commit, branch or marks.branch_of(repository, run), workspace.apart)
    where = f", pushed to {marks.push(repository, ref)}" if push else ""
    sys.stdout.write(f"{ref}: {commit}{where}\n")
