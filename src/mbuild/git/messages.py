"""Git's own words turned into one clear line and hints that can be acted on."""

from __future__ import annotations

import re
from pathlib import Path

from mbuild.errors import GitError
from mbuild.expressions import expression

_OWNER = expression(r"detected dubious ownership in repository at '(.*)'", re.DOTALL)
_MISSING = expression(
    r"(?:could not fetch|missing (?:blob|tree|commit) (?:object )?|unable to read (?:tree|sha1 file of)?|bad object"
    r"|not a tree object:?|could not read|unable to read)[ '(]*([0-9a-f]{40,64})"
)


def first_line(err: bytes) -> str:
    """Return git's first ``fatal:`` (else ``error:``, else any) line without its prefix."""
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    for prefix in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(prefix):
                return line.removeprefix(prefix)
    return lines[-1] if lines else "it said nothing"


def failure(err: bytes, folder: Path, subcommand: str) -> GitError:
    """Return the error for a git call that failed in ``folder``."""
    text = err.decode("utf-8", "surrogateescape")
    if owner := _OWNER.search(text):
        return dubious(owner[1])
    said = first_line(err)
    if "not a git repository" in said:
        return GitError(f"{folder} is not inside a git repository", "run in a clone, or name one with -C DIR")
    if "cannot use bare repository" in said or "must be run in a work tree" in said:
        return bare(folder)
    if lost := _MISSING.search(text):
        return missing(lost[1])
    return GitError(f"git {subcommand} failed in {folder}: {said}")


def dubious(folder: str) -> GitError:
    """Return the error for a repository that belongs to another user."""
    import shlex

    return GitError(
        f"the repository {folder} belongs to another user, so git does not trust its configuration",
        f"git config --global --add safe.directory {shlex.quote(folder)}",
    )


def bare(folder: Path) -> GitError:
    """Return the error for a place that has no work tree."""
    return GitError(
        f"{folder} is a bare repository or the inside of a git folder: there is no work tree to build from",
        "run in a clone or a linked worktree: git worktree add ../tree",
    )


class MissingObject(GitError):  # noqa: N818 - as the error it is
    """An object that this clone does not have."""


def missing(oid: str, path: str = "") -> MissingObject:
    """Return the error for an object that this clone does not have. Nothing is fetched without being asked."""
    named = f" ({path})" if path else ""
    return MissingObject(
        f"the object {oid}{named} is not in this clone",
        "a partial clone leaves objects out: git fetch --refetch --no-filter",
        "if it is a full clone, it is damaged: git fsck",
    )
