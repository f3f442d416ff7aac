"""``mbuild build``."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import click

from mbuild.cli import completing
from mbuild.cli.options import build_options, fetch_option
from mbuild.cli.settings import BuildOptions, Settings

EPILOG = """\b
Examples:
  mbuild build api                    this image, and the parents it needs
  mbuild build api web --force        although builds exist
"""


@click.command("build", epilog=EPILOG)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE…", shell_complete=completing.images)
@click.option("--head", metavar="REF", help="What to build: a commit; default: the work tree.")
@fetch_option
@build_options
@click.pass_obj
def command(settings: Settings, /, images: tuple[str, ...], head: str | None, **options: Any) -> int:
    """Build the named images and the parents that they need; what exists already is reused."""
    from mbuild.app.question import chosen
    from mbuild.builders.early import Early
    from mbuild.cli.building import work
    from mbuild.cli.job import Wanted, head_of
    from mbuild.cli.locking import hold
    from mbuild.cli.looking import open_building, open_looking
    from mbuild.cli.readying import get_ready

    opened = open_looking if options["dry_run"] else open_building
    workspace = opened(settings, options["platforms"], head=head)
    if not options["dry_run"]:
        hold(workspace, settings, wait=options["wait"])
    with contextlib.closing(Early()) as early:
        meanwhile = partial(get_ready, early, options["builder"], workspace.config, long=True)
        snapshot = workspace.snapshot(workspace.head(head), meanwhile=meanwhile)
        reasons: dict[str, Any] = dict.fromkeys(chosen(snapshot.graph, images), ())
        wanted = Wanted("build", snapshot, reasons, head_of(snapshot, head))
        return work(settings, workspace, wanted, BuildOptions(**options), early)
