"""The formats for other programs at the command line: what they need, and where else their answer goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.cli.settings import OWN_FORMATS
from mbuild.errors import UsageError
from mbuild.output.formats.registry import FORMATS, render
from mbuild.output.runners import unguarded

if TYPE_CHECKING:
    from mbuild.cli.settings import BuildOptions, Settings
    from mbuild.output.report import Report


def check(name: str, *, looking: bool, listing: bool = False) -> None:
    """Raise UsageError where a format cannot say what is asked for."""
    if name in OWN_FORMATS:
        return
    if not looking:
        raise UsageError(f"--format {name} describes what is to be built", "add --dry-run")
    if listing and not FORMATS[name].listed:
        raise UsageError(f"--format {name} needs a plan, and --list makes none", "use --dry-run instead of --list")


def describes_builds(name: str) -> bool:
    """Tell whether a format says how each image is built."""
    return name not in OWN_FORMATS and FORMATS[name].targets


def again(name: str, settings: Settings, top: Path, head: str | None, options: BuildOptions) -> tuple[str, ...]:
    """Return the command that builds images by name as this one would.

    name: of the format. top: the git root. head: the commit, None for the work tree.
    """
    directory = _from_top(settings.directory, top) if _begins_at_top(name) else settings.directory
    place = ["-C", str(directory)] if str(directory) != "." else []
    place += ["--config", str(settings.config)] if settings.config else []
    return ("mbuild", *place, "build", *(["--head", head] if head else []), *_flags(options))


def _begins_at_top(name: str) -> bool:
    return name in FORMATS and FORMATS[name].jobs


def _from_top(directory: Path, top: Path) -> Path:
    """Return the folder that is worked in as a path from the git root, where jobs of whole pipelines begin."""
    here, root = (Path(os.path.realpath(each)) for each in (directory, top))
    return here.relative_to(root) if here.is_relative_to(root) else directory


def _flags(options: BuildOptions) -> list[str]:
    """Return the flags of this run that count on any machine."""
    flags = [f"--builder={options.builder}"] if options.builder else []
    flags += ["--force"] if options.force else []
    flags += ["--push"] if options.push else []
    flags += [] if options.annotations else ["--no-annotations"]
    flags += [f"--promote-from={options.promote_from}"] if options.promote_from else []
    return flags + [f"--tag={each}" for each in options.tags] + [f"--platform={each}" for each in options.platforms]


def print_as(name: str, report: Report) -> None:
    """Print an answer, and leave it where the CI provider looks for it."""
    text = render(name, report)
    if name == "github":
        from mbuild.cli.places import write_outputs
        from mbuild.output.formats.github import outputs

        write_outputs(outputs(report))
    # Azure's is made of commands; others may hold text of the repository.
    (unguarded(sys.stdout) if name == "azure" else sys.stdout).write(text)
