"""Partial clones: blobs or trees were left out. What is missing is fetched together, never one by one.

Source: git's documentation, "Partial Clone Design Notes" (promisor remotes) and git-rev-list(1), ``--missing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mbuild.errors import GitError, and_more
from mbuild.git import refs
from mbuild.git.bring import MOST_NAMED, Fetch, bring

if TYPE_CHECKING:
    from mbuild.git.messages import MissingObject
    from mbuild.git.repository import Repository


def promisor(repository: Repository) -> str:
    """Return the remote that has what was left out."""
    git = repository.git
    told = git.run("config", "--name-only", "--get-regexp", r"^remote\..*\.promisor$", check=False)
    named = [line.removeprefix("remote.").removesuffix(".promisor") for line in refs.lines(told)]
    return named[0] if named else refs.config(git, "extensions.partialClone") or "origin"


def need_trees(repository: Repository, commit: str) -> None:
    """See to it that all folders of a commit (id) are there. Raises GitError with the command that brings them."""
    remote = promisor(repository)
    if (refs.config(repository.git, f"remote.{remote}.partialclonefilter") or "").startswith("blob:"):
        return  # only blobs were left out
    lost = _lost_trees(repository, commit)
    if lost:
        why = GitError(f"the folders of commit {commit[:12]} are not in this clone, which leaves trees out")
        bring(repository, _objects(remote, lost), why)


def _lost_trees(repository: Repository, commit: str) -> tuple[str, ...]:
    told = repository.git.run("rev-list", "--objects", "--no-walk", "--filter=blob:none", "--missing=print", commit)
    return tuple(line[1:] for line in refs.lines(told) if line.startswith("?"))


def bring_objects(repository: Repository, oids: Sequence[str], error: MissingObject) -> None:
    """Get those of some objects that are not there, in one fetch. Raises GitError where that is not allowed."""
    if not repository.is_partial:
        raise error
    here = set(_objects_here(repository))
    lost = tuple(oid for oid in dict.fromkeys(oids) if oid not in here)
    if not lost:
        raise error
    remote = promisor(repository)
    more = f", {and_more(len(lost) - 1)}" if len(lost) > 1 else ""
    why = GitError(f"{error.problems[0].message}, which leaves objects out{more}")
    if repository.fetcher is None and len(lost) > MOST_NAMED:
        bring(repository, Fetch(("--refetch", "--no-filter", remote)), why)
    bring(repository, _objects(remote, lost), why)


def _objects_here(repository: Repository) -> tuple[str, ...]:
    """Return the ids of all objects. Asked for single ones, git would try to fetch, and die where it may not."""
    wanted = ("--batch-all-objects", "--batch-check=%(objectname)", "--unordered", "--buffer")
    return refs.lines(repository.git.run("cat-file", *wanted))


def _objects(remote: str, oids: tuple[str, ...]) -> Fetch:
    return Fetch(("--no-tags", "--no-write-fetch-head", "--filter=blob:none", remote), oids)
