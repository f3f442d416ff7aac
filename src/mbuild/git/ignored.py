"""What lies in the work tree and git ignores: no part of any context here, but other tools read it."""

from __future__ import annotations

from mbuild.git.door import Git
from mbuild.tree import decode


def ignored(git: Git) -> tuple[str, ...]:
    """Return the paths from the git root, sorted; of a folder in which everything is ignored, the folder alone."""
    raw = git.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return tuple(sorted(decode(each).rstrip("/") for each in raw.split(b"\0") if each))
