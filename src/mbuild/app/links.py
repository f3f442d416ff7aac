"""Links on the way to what a question is about: what one leads to now may be something else at the base."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mbuild.errors import ConfigError

ELSEWHERE = "which may lead elsewhere in what is compared with"


def named_instead(real: Path, directory: Path) -> str:
    """Return the hint to name what a build.yaml leads to, as it is called from the working folder."""
    return f"name the file that it leads to now: --config {os.path.relpath(real, directory)}"


def absolute(path: Path) -> Path:
    """Return a path from the working folder as the shell has come to it: ``PWD`` has the links, where it is right."""
    if path.is_absolute():
        return path
    here, named = Path.cwd(), os.environ.get("PWD", "")
    with contextlib.suppress(OSError, ValueError):
        if named.startswith("/") and here.samefile(named):
            here = Path(named)
    return here / path


def refuse_link(path: Path, real: Path, top: Path, shown: str, way_out: str) -> None:
    """Raise ConfigError where an absolute path passes a link of the repository.

    real: where it leads on disk, now. A link on the way to the repository is none of it.
    """
    if path != real and (link := _link_on(path, top)) is not None:
        raise ConfigError(f"{shown}: '{link}' is a link, {ELSEWHERE}", way_out)


def _link_on(path: Path, top: Path) -> str | None:
    """Return the first link of the repository that an absolute path passes, or that a link on its way passes."""
    at, left = Path(path.anchor), list(reversed(path.parts[1:]))
    while left:
        part = left.pop()
        if part == "..":
            at = at.parent
        elif not (at / part).is_symlink():
            at /= part
        elif at.is_relative_to(top):
            return (at / part).relative_to(top).as_posix()
        else:
            target = (at / part).readlink()
            at = Path(target.anchor) if target.is_absolute() else at
            left.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))
    return None
