"""``mbuild affected``."""

from __future__ import annotations

from typing import Any

import click

from mbuild.cli.main import Settings
from mbuild.cli.options import base_options, build_options

EPILOG = """\b
Examples:
  mbuild affected --dry-run              what would be built, and why
  mbuild affected                        build it
  mbuild affected --base v1.4 --list     which images differ from a release
  mbuild affected api --jobs 4           only this one, if it is affected
  mbuild affected --fetch                in CI: fetch the base where the clone lacks it
"""


@click.command("affected", epilog=EPILOG)
@click.argument("images", nargs=-1, metavar="[IMAGE]…")
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
    from mbuild.cli.answering import question
    from mbuild.cli.looking import open_building, open_looking

    opened = open_looking if options["dry_run"] or options["list_"] else open_building
    workspace = opened(settings, options["platforms"])
    compared = {key: options.pop(key) for key in ("base", "head", "missing_base")}
    list_, exit_code = options.pop("list_"), options.pop("exit_code")
    answer = question(workspace, **compared)
    return _go(settings, workspace, answer, images, options, list_=list_, exit_code=exit_code)


def _go(
    settings: Settings,
    workspace: Any,
    answer: Any,
    images: tuple[str, ...],
    options: dict[str, Any],
    *,
    list_: bool,
    exit_code: bool,
) -> int:
    reasons = dict(answer.affected.reasons)
    if images:
        from mbuild.app.question import chosen

        names = chosen(answer.snapshot.graph, images)
        reasons = {name: found for name, found in reasons.items() if name in names}
    some = bool(reasons) and exit_code
    if list_:
        _list(answer, reasons, options["format_"])
        return 1 if some else 0
    from mbuild.cli.building import BuildOptions, Wanted, work

    removed = answer.affected.removed
    wanted = Wanted("affected", answer.snapshot, reasons, answer.head, answer.base, answer.unowned, removed)
    code = work(settings, workspace, wanted, BuildOptions(**options))
    return 1 if some and options["dry_run"] and code == 0 else code


def _list(answer: Any, reasons: Any, format_: str) -> None:
    import sys

    from mbuild.output.report import Report, as_json, listed

    images = listed(answer.snapshot.graph, reasons)
    found = (answer.unowned, answer.affected.removed)
    report = Report("affected", answer.base, answer.head, images, (), *found, listing=True)
    if format_ == "json":
        from mbuild.cli.answering import print_json

        print_json(as_json(report))
    else:
        from mbuild.output.text import plan_text

        sys.stdout.write(plan_text(report))
