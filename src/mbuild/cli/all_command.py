"""``mbuild all``."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import click

from mbuild.cli.options import build_options, fetch_option
from mbuild.cli.settings import BuildOptions, Settings

EPILOG = """\b
Examples:
  mbuild all --dry-run          what is there already, and what is not
  mbuild all                    build what is missing
  mbuild all --tag v1.2.3       and tag all of it
"""


@click.command("all", epilog=EPILOG)
@click.option("--head", metavar="REF", help="What to build: a commit; default: the work tree.")
@fetch_option
@build_options
@click.pass_obj
def command(settings: Settings, /, head: str | None, **options: Any) -> int:
    """Make every image exist: build what has no build of its fingerprint, reuse the rest."""
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
        reasons: dict[str, Any] = dict.fromkeys(snapshot.graph.nodes, ())
        wanted = Wanted("all", snapshot, reasons, head_of(snapshot, head))
        return work(settings, workspace, wanted, BuildOptions(**options), early)
