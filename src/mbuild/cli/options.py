"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from mbuild.cli.durations import duration
from mbuild.output.deploy import FORMATS as RECORDS
from mbuild.output.formats.registry import FORMATS
from mbuild.values import replace

F = TypeVar("F", bound=Callable[..., Any])


def fetch_option(function: F) -> F:
    """Add ``--fetch``, which is kept with the global options: all commands open the repository in the same way."""

    def keep(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.obj = replace(context.obj, fetch=value)

    text = "Fetch what this clone lacks, as little as can be; said on stderr."
    return click.option("--fetch", is_flag=True, expose_value=False, callback=keep, help=text)(function)


def base_options(function: F) -> F:
    """Add ``--base``, ``--head``, ``--missing-base`` and ``--fetch``."""
    for decorate in (
        fetch_option,
        click.option(
            "--missing-base", type=click.Choice(["error", "all"]), default="error", help="When no base is found."
        ),
        click.option("--head", metavar="REF", help="What to build: a commit; default: the work tree."),
        click.option(
            "--base", metavar="REF", help="What to compare with, through its merge base with head; or last-success."
        ),
    ):
        function = decorate(function)
    return function


def format_option(*names: str) -> Callable[[F], F]:
    """Add ``--format`` with these choices, the first being the default."""
    return click.option(
        "--format", "format_", type=click.Choice(names), default=names[0], help="How to print the answer."
    )


def build_options(function: F) -> F:
    """Add what every building command takes."""
    for decorate in (
        format_option("text", "json", *FORMATS),
        click.option("--shard", type=click.IntRange(min=1), metavar="I", help="Only part I of them, counted from 1."),
        click.option(
            "--shards",
            type=click.IntRange(min=1),
            metavar="N",
            help="Split the images into N parts, each with its parents.",
        ),
        click.option("--metadata", type=click.Path(dir_okay=False), metavar="FILE", help="Write the result to FILE."),
        click.option(
            "--metadata-format",
            type=click.Choice(["json", *RECORDS]),
            default="json",
            help="What --metadata writes: everything as JSON, or all images for a deploy.",
        ),
        click.option("--junit", type=click.Path(dir_okay=False), metavar="FILE", help="Write a JUnit report to FILE."),
        click.option(
            "--report",
            type=click.Path(dir_okay=False),
            metavar="FILE.html",
            help="Write a page on it all to FILE.html.",
        ),
        click.option(
            "--output", type=click.Path(file_okay=False), metavar="DIR", help="Where oci writes its image layout."
        ),
        click.option(
            "--platform", "platforms", multiple=True, metavar="P", help="Build for this platform (repeatable)."
        ),
        click.option("--tag", "tags", multiple=True, metavar="T", help="Also tag results T (repeatable)."),
        click.option("--push", is_flag=True, help="Push results to their registry, and read them back."),
        click.option(
            "--tags-last/--tags-at-once",
            default=True,
            help="With --push: give tags when all images are there (default), or each image's at once.",
        ),
        click.option(
            "--annotations/--no-annotations",
            default=True,
            help="With --push: say in manifests what they were built from (default), or not.",
        ),
        click.option(
            "--promote-from",
            metavar="REGISTRY",
            help="With --push: take builds that are there under this prefix, in the same registry, as they are.",
        ),
        click.option(
            "--no-reuse", "reuse", flag_value=False, default=True, help="Do not look into registries for builds."
        ),
        click.option("--force", is_flag=True, help="Build although a build exists."),
        click.option(
            "--fail-fast/--keep-going", default=False, help="Stop at the first failure, or build all that can be."
        ),
        click.option(
            "--wait/--no-wait", default=True, help="Wait for another mbuild in this work tree, or exit with 5."
        ),
        click.option(
            "--retries", type=click.IntRange(min=0), default=3, metavar="N", help="How often to retry what may pass."
        ),
        click.option(
            "--stall-timeout",
            type=duration,
            default="2m",
            metavar="TIME",
            help="How long a transfer may stand still; 0: for ever.",
        ),
        click.option("--timeout", type=duration, metavar="TIME", help="How long one image may take: 90s, 1m30s, 2h."),
        click.option("--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="How many images to build at once."),
        click.option(
            "--builder",
            type=click.Choice(["auto", "buildx", "docker", "oci"]),
            help="Who builds; default: build.yaml's.",
        ),
        click.option("--dry-run", is_flag=True, help="Only show what would be done."),
    ):
        function = decorate(function)
    return function
