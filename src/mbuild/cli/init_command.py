"""``mbuild init``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mbuild.cli.options import format_option
from mbuild.cli.settings import Settings

if TYPE_CHECKING:
    from mbuild.app.discovering import Proposal
    from mbuild.discovery.model import Image
    from mbuild.errors import Problem

EPILOG = """\b
Examples:
  mbuild init --dry-run         print what would be written
  mbuild init                   write build.yaml at the top of the repository
"""


@click.command("init", epilog=EPILOG)
@click.option("--dry-run", is_flag=True, help="Print build.yaml instead of writing it.")
@format_option("text", "json")
@click.pass_obj
def command(settings: Settings, dry_run: bool, format_: str) -> None:
    """Write build.yaml from what is there: Dockerfiles, compose, bake and skaffold files.

    A build.yaml that is there already is left alone: then this says what it lacks.
    """
    from mbuild.app.discovering import propose, second_opinion
    from mbuild.app.lacking import fitted, lacking
    from mbuild.app.workspace import open_workspace
    from mbuild.cli.answering import print_json
    from mbuild.cli.boundary import print_problems
    from mbuild.images import Project

    workspace = open_workspace(settings.directory, settings.config)
    tree = workspace.repository.work_tree()
    proposal = propose(tree)
    notes = (*proposal.found.problems, *second_opinion(tree))
    print_problems(notes, "note")
    if dry_run and format_ == "text":  # whatever is in the build.yaml that is there
        sys.stdout.write(proposal.text)
        return
    there = workspace.config is not None
    project = (workspace.project(tree) if there else None) or Project(())
    missing = lacking(proposal, project)
    writing = not there and not dry_run
    if writing:
        _write(workspace.repository.top, proposal)
    if format_ == "json":
        print_json(_json(proposal, missing, notes, written=writing))
    else:
        folder = workspace.inside.rpartition("/")[0] if workspace.inside else ""
        fits = fitted(missing, proposal, project, tree, folder) if there else missing
        sys.stdout.write(_text(workspace.shown, fits, written=writing))


def _text(shown: str, lacking: list[Image], *, written: bool) -> str:
    from mbuild.discovery.write import entries
    from mbuild.output.words import count

    if written:
        return f"wrote build.yaml: {count(len(lacking), 'image')}; mbuild check reads all of it\n"
    if not lacking:
        return f"{shown} has every image that is stated here; it stays as it is\n"
    return f"{shown} stays as it is. It lacks {count(len(lacking), 'image')} stated elsewhere:\n{entries(lacking)}"


def _json(proposal: Proposal, lacking: list[Image], notes: tuple[Problem, ...], *, written: bool) -> dict[str, Any]:
    from mbuild.cli.check_command import problem_json

    names = {each.name for each in lacking}
    images = [
        {
            "name": each.name,
            "dockerfile": each.build.dockerfile,
            "context_root": each.build.context or ".",
            "target": each.build.target,
            "stated_by": [str(place) for place in each.places],
            "lacking": each.name in names,
        }
        for each in sorted(proposal.found.images, key=lambda each: each.name)
    ]
    said = [problem_json(each) for each in notes]
    return {"schema": 1, "written": written, "text": proposal.text, "images": images, "notes": said}


def _write(top: Path, proposal: Proposal) -> None:
    from mbuild.errors import ConfigError

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
