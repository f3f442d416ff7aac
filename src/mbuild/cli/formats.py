"""The formats for other programs at the command line: what they need, and where else their answer goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mbuild.errors import UsageError
from mbuild.output.formats.registry import FORMATS, render
from mbuild.output.runners import unguarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbuild.cli.settings import Settings
    from mbuild.output.report import Report

OWN = ("text", "json")
"""What any answer can be printed as; the others say what is still to be done."""


def check(name: str, *, looking: bool, listing: bool = False) -> None:
    """Raise UsageError where a format cannot say what is asked for."""
    if name in OWN:
        return
    if not looking:
        raise UsageError(f"--format {name} describes what is to be built", "add --dry-run")
    if listing and not FORMATS[name].listed:
        raise UsageError(f"--format {name} needs a plan, and --list makes none", "use --dry-run instead of --list")


def describes_builds(name: str) -> bool:
    """Tell whether a format says how each image is built."""
    return name not in OWN and FORMATS[name].targets


def again(settings: Settings, flags: Sequence[str], head: str | None) -> tuple[str, ...]:
    """Return the command that builds images by name as this one would. head: the commit, None for the work tree."""
    top = ["-C", str(settings.directory)] if str(settings.directory) != "." else []
    top += ["--config", str(settings.config)] if settings.config else []
    return ("mbuild", *top, "build", *(["--head", head] if head else []), *flags)


def print_as(name: str, report: Report) -> None:
    """Print an answer, and leave it where the CI provider looks for it."""
    text = render(name, report)
    if name == "github":
        from mbuild.cli.places import write_outputs
        from mbuild.output.formats.github import outputs

        write_outputs(outputs(report))
    unguarded(sys.stdout).write(text)  # Azure's is made of commands; no format has text from anywhere else
