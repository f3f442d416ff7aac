"""Finds the build.yaml that holds for a folder, and reads it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from mbuild.errors import ConfigError

NAME = "build.yaml"
NOT_NAMES = ("build.yml", "build.json")


def find(start: Path, top: Path) -> Path | None:
    """Return the build.yaml in ``start`` or the nearest folder above it, never outside of ``top``; None: there is none.

    start, top: absolute; top is the git root. Raises ConfigError when a folder on the way cannot be looked into.
    """
    return next((folder / NAME for folder in _upward(start, top) if _is_there(folder / NAME)), None)


def misnamed(start: Path, top: Path) -> Path | None:
    """Return a file on the same way whose name is nearly right, for a hint where ``find`` found nothing.

    Such a file may well belong to another tool, so it is never read.
    """
    names = (folder / name for folder in _upward(start, top) for name in NOT_NAMES)
    return next((path for path in names if _is_there(path)), None)


def read(path: Path) -> bytes:
    """Return a build.yaml from disk, at most a little more than ``load`` accepts. Raises ConfigError."""
    from mbuild.config.guard import MAX_BYTES

    try:
        if not _is_file(path):
            raise ConfigError(f"{path}: no such file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _upward(start: Path, top: Path) -> Iterator[Path]:
    return (folder for folder in (start, *start.parents) if folder.is_relative_to(top))


def _is_there(path: Path) -> bool:
    """Return whether a file or a link is there; a broken link counts, so that it is reported instead of passed over."""
    try:
        return path.is_symlink() or _is_file(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be looked at: {error.strerror}") from error


def _is_file(path: Path) -> bool:
    """Return whether a regular file is there. Raises OSError where nobody can tell: pathlib says no, from 3.14 on."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
