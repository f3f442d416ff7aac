"""``mbuild affected``."""

from __future__ import annotations

from typing import Any

import click

from mbuild.cli import completing
from mbuild.cli.options import base_options, build_options
from mbuild.cli.settings import BuildOptions, Comparing, Listing, Settings

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

    Without --base: MBUILD_BASE, what MBUILD_BEFORE or the CI provider says, or the merge base with the default branch.
    With --base last-success: the last commit of this branch that was built without a failure.
    """
    compared = {key: options.pop(key) for key in ("base", "head", "missing_base", "exit_code")}
    if options.pop("list_"):
        from mbuild.cli.listing import show

        return show(settings, Listing(images, **compared, options=BuildOptions(**options)))
    from mbuild.cli import affecting

    return affecting.run(settings, Comparing(images, **compared), options)
