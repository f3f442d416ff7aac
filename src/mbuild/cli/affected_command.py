"""``mbuild affected``."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import Any

import click

from mbuild.builders.early import Early
from mbuild.cli import completing
from mbuild.cli.options import base_options, build_options
from mbuild.cli.settings import Listing, Settings

EPILOG = """\b
Examples:
  mbuild affected --dry-run              what would be built, and why
  mbuild affected                        build it
  mbuild affected --base v1.4 --list     which images differ from a release
  mbuild affected api --jobs 4           only this one, if it is affected
  mbuild affected --fetch                in CI: fetch the base where the clone lacks it
"""


@click.command("affected", epilog=EPILOG)
@click.argument("images", nargs=-1, metavar="[IMAGE]…", shell_complete=completing.images)
@base_options
@click.option("--list", "list_", is_flag=True, help="Only say which and why: no contexts, tags or estimates.")
@click.option("--exit-code", is_flag=True, help="With --dry-run or --list: exit 1 when something is affected.")
@build_options
@click.pass_obj
def command(settings: Settings, /, images: tuple[str, ...], **options: Any) -> int:
    """Build the images that the change between base and head affects, parents first.

    Without --base: MBUILD_BASE, what the CI provider says, else the merge base with the default branch. With --base
    last-success: the last commit of this branch that was built without a failure.
    """
    compared = {key: options.pop(key) for key in ("base", "head", "missing_base")}
    list_, exit_code = options.pop("list_"), options.pop("exit_code")
    if list_:
        from mbuild.cli.listing import show

        if options["report"]:
            from mbuild.errors import UsageError

            raise UsageError("--list knows too little for a --report", "--dry-run --report FILE.html writes one")
        shown = {key: options[key] for key in ("platforms", "format_", "shards", "shard")}
        return show(settings, Listing(images, **compared, **shown, exit_code=exit_code))
    from mbuild.cli.answering import question
    from mbuild.cli.locking import hold
    from mbuild.cli.looking import open_building, open_looking

    workspace = (open_looking if options["dry_run"] else open_building)(settings, options["platforms"])
    if not options["dry_run"]:
        hold(workspace, settings, wait=options["wait"])
    with contextlib.closing(Early()) as early:
        answer = question(workspace, **compared, meanwhile=lambda: _get_ready(early, options["builder"]))
        code = _go(settings, workspace, answer, images, options, early)
    return 1 if exit_code and options["dry_run"] and code == 0 and answer.reasons_of(images) else code


def _get_ready(early: Early, builder: str | None) -> None:
    """Do what comes next in any case, which takes a tenth of a second: git takes longer for a work tree."""
    for module in ("mbuild.cli.building", "mbuild.builders.auto", "mbuild.graph.measuring", "mbuild.graph.inputs"):
        import_module(module)
    if builder != "oci":
        early.begin()


def _go(
    settings: Settings, workspace: Any, answer: Any, images: tuple[str, ...], options: dict[str, Any], early: Early
) -> int:
    from mbuild.cli.building import work
    from mbuild.cli.job import BuildOptions, Wanted

    reasons, removed = answer.reasons_of(images), answer.affected.removed
    wanted = Wanted("affected", answer.snapshot, reasons, answer.head, answer.base, answer.unowned, removed)
    return work(settings, workspace, wanted, BuildOptions(**options), early)
