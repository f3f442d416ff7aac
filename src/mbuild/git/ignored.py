"""What lies in the work tree and git ignores: no part of any context here, but other tools read it."""

from __future__ import annotations

from collections.abc import Sequence

from mbuild.git.door import Git
from mbuild.tree import decode, encode

MOST_NAMED = 500
"""So many folders git is asked about by name: a command line has an end."""


def ignored(git: Git) -> tuple[str, ...]:
    """Return the paths from the git root, sorted; of a folder in which everything is ignored, the folder alone."""
    raw = git.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return tuple(sorted(decode(each).rstrip("/") for each in raw.split(b"\0") if each))


def ignored_in(git: Git, folders: Sequence[str]) -> tuple[str, ...]:
    """Return all files that are ignored in some folders, or in more, sorted; paths are from the git root."""
    if not folders:
        return ()
    within = [encode(each) for each in folders] if len(folders) <= MOST_NAMED else []
    raw = git.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *within)
    return tuple(sorted(decode(each) for each in raw.split(b"\0") if each))
