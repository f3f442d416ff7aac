"""``mbuild state``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from mbuild.cli.settings import Settings

EPILOG = """\b
Examples:
  mbuild state path             the folder with this repository's history of builds
  mbuild state clean            forget it
"""


@click.group("state", epilog=EPILOG)
def command() -> None:
    """Show or remove what mbuild keeps of earlier builds; no answer depends on it."""


@command.command("path")
@click.pass_obj
def path_command(settings: Settings) -> int:
    """Print the folder."""
    sys.stdout.write(f"{_folder(settings)}\n")
    return 0


@command.command("clean")
@click.pass_obj
def clean_command(settings: Settings) -> int:
    """Remove what is kept of this repository. Exit code 5 when an mbuild is building in it."""
    from mbuild.store.cleaning import clean

    clean(_folder(settings))
    return 0


def _folder(settings: Settings) -> Path:
    from mbuild.git.repository import open_repository
    from mbuild.store.place import state_folder

    return state_folder(os.environ, open_repository(settings.directory).common_dir)
