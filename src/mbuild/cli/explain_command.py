"""``mbuild explain``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mbuild.cli import completing
from mbuild.cli.options import base_options, format_option
from mbuild.cli.settings import Settings
from mbuild.errors import UsageError

if TYPE_CHECKING:
    from mbuild.app.workspace import Workspace
    from mbuild.tree import Tree

EPILOG = """\b
Examples:
  mbuild explain api                       why it is affected, or why not
  mbuild explain libs/money/money.py       which images read this file
  mbuild explain --path api                the path 'api', not the image
"""


@click.command("explain", epilog=EPILOG)
@click.argument("subject", metavar="IMAGE|PATH", shell_complete=completing.images_or_paths)
@click.option("--image", "kind", flag_value="image", help="SUBJECT is an image.")
@click.option("--path", "kind", flag_value="path", help="SUBJECT is a path.")
@base_options
@format_option("text", "json")
@click.pass_obj
def command(
    settings: Settings,
    subject: str,
    kind: str | None,
    base: str | None,
    head: str | None,
    missing_base: str,
    format_: str,
) -> None:
    """Say why an image is affected, down to the Dockerfile line, or why not; or which images read a path."""
    from mbuild.cli.looking import open_looking

    workspace = open_looking(settings, head=head)
    tree = workspace.head(head)
    made = workspace.graphs.at(tree)
    is_image = made is not None and subject in made.graph.nodes
    is_path = _is_path(tree, _path(workspace, settings.directory, subject))
    if kind is None and is_image and is_path:
        raise UsageError(f"'{subject}' is an image and a path", "say which with --image or --path")
    if kind == "image" or (kind is None and is_image):
        _explain_image(workspace, subject, base, head, missing_base, format_)
    else:
        _explain_path(workspace, _path(workspace, settings.directory, subject), head, format_)


def _path(workspace: Workspace, directory: Path, subject: str) -> str:
    """Return a path from the git root: as given when it is one of the tree, else relative to the working directory."""
    full = os.path.normpath(Path(os.path.realpath(directory)) / subject)
    here = os.path.relpath(full, os.path.realpath(workspace.repository.top))
    given = os.path.normpath(subject)
    if given.startswith(("..", "/")):
        given = here
    found = here if os.path.lexists(full) else given
    return "" if found == "." else found


def _is_path(tree: Tree, path: str) -> bool:
    return tree.entry(path) is not None or bool(path and tree.below(path))


def _explain_path(workspace: Workspace, path: str, head: str | None, format_: str) -> None:
    from mbuild.cli.answering import print_json
    from mbuild.errors import printable
    from mbuild.graph.readers import readers
    from mbuild.output.report import place
    from mbuild.output.words import count

    snapshot = workspace.snapshot(workspace.head(head))
    found = readers(snapshot.graph, path)
    if format_ == "json":
        images = [{"name": each.image, "via": each.via, "where": place(each.where)} for each in found]
        print_json({"schema": 1, "path": path, "images": images})
        return
    if not found and not _is_path(snapshot.tree, path):
        raise UsageError(f"'{path}' is neither an image nor a path of the tree", "paths that git ignores are no inputs")
    sys.stdout.write(f"{printable(path) or '.'}: read by {count(len(found), 'image')}\n")
    for each in found:
        where = f" at {printable(place(each.where) or '')}" if each.where else ""
        sys.stdout.write(f"  {each.image}  {each.via}{where}\n")


def _explain_image(
    workspace: Workspace, name: str, base: str | None, head: str | None, missing_base: str, format_: str
) -> None:
    from mbuild.app.question import chosen
    from mbuild.cli.answering import print_json, question
    from mbuild.output import explain
    from mbuild.output.asjson import reason
    from mbuild.output.report import place

    answer = question(workspace, base=base, head=head, missing_base=missing_base)
    chosen(answer.snapshot.graph, [name])
    if format_ == "json":
        found = explain.chain(answer.affected.reasons, name)
        value = {"schema": 1, "image": name, "affected": name in answer.affected.reasons}
        reasons = {image: [reason(each) for each in answer.affected.reasons[image]] for image in found}
        nearest = [] if found else explain.nearest(answer.snapshot.graph, name, answer.changes())
        rules = [
            {"path": path, "rule": explain.rule(each), "kind": each.kind, "where": place(each.where)}
            for path, each in nearest
        ]
        print_json({**value, "reasons": reasons, "nearest": rules})
    else:
        sys.stdout.writelines(
            f"{line}\n"
            for line in explain.as_text(answer.snapshot.graph, name, answer.affected.reasons, answer.changes())
        )
