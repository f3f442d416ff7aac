"""``mbuild audit``."""

from __future__ import annotations

import secrets
from typing import Any

import click

from mbuild.cli import completing
from mbuild.cli.options import base_options, format_option
from mbuild.cli.settings import BuildOptions, Settings

EPILOG = """\b
Examples:
  mbuild audit --base v1.4            20 of the images that do not differ from a release
  mbuild audit --sample all api web   these, if they are not affected
  mbuild audit --seed 7               draw the same images as another run with this seed
"""


def _sample(context: click.Context, parameter: click.Parameter, value: str) -> int | None:  # noqa: ARG001 - click's
    """Return how many images to draw, None for all of them."""
    if value == "all":
        return None
    if not value.isascii() or not value.isdigit() or not int(value):
        raise click.BadParameter(f"'{value}' is neither a number from 1 nor 'all'")
    return int(value)


@click.command("audit", epilog=EPILOG)
@click.argument("images", nargs=-1, metavar="[IMAGE]…", shell_complete=completing.images)
@base_options
@click.option("--sample", default="20", metavar="N", callback=_sample, help="How many to draw, or 'all'; default: 20.")
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="Draw by this number; default: a new one.")
@click.option(
    "--builder", type=click.Choice(["auto", "buildx", "docker", "oci"]), help="Who builds; default: build.yaml's."
)
@click.option("--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="How many images to audit at once.")
@click.option("--no-reuse", "reuse", flag_value=False, default=True, help="Do not look into registries for builds.")
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="Where oci has its image layout.")
@format_option("text", "json")
@click.pass_obj
def command(settings: Settings, /, images: tuple[str, ...], **options: Any) -> int:
    """Check that images which are not affected build to the same.

    A sample of them is built at the base and at head, each from everything in its context root and not from what mbuild
    selects, and compared file by file; so is the build that exists, where one does. Exit code 1 when one differs.
    """
    from mbuild.cli.answering import question
    from mbuild.cli.auditing import Asked, work
    from mbuild.cli.looking import open_building

    compared = {key: options.pop(key) for key in ("base", "head", "missing_base")}
    sample, seed = options.pop("sample"), options.pop("seed")
    workspace = open_building(settings, head=compared["head"])
    answer = question(workspace, **compared)
    seed = secrets.randbelow(1 << 32) if seed is None else seed
    return work(settings, Asked(workspace, answer, images, sample, seed), BuildOptions(**options))
