"""The last success of a branch: what a provider recorded, else a ref that ``mbuild mark-success`` keeps.

The refs are mbuild's own, below ``refs/mbuild/``: no branch or tag of anybody is ever written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.ci.model import Run
from mbuild.ci.values import is_name
from mbuild.errors import GitError, UsageError
from mbuild.git import refs
from mbuild.git.base import LAST_SUCCESS, Base
from mbuild.git.bring import NotThere, bring, commit_fetch
from mbuild.git.messages import first_line
from mbuild.git.provided import recorded
from mbuild.references import quoted

if TYPE_CHECKING:
    from mbuild.git.repository import Repository

PREFIX = "refs/mbuild/success/"


def last_success(repository: Repository, run: Run | None) -> Base:
    """Return the commit of this branch that was built last without a failure. Raises GitError."""
    if run is not None and run.last_success is not None:
        return recorded(repository, run.last_success, run.provider)
    branch = branch_of(repository, run)
    ref = PREFIX + branch
    commit = _marked(repository, ref)
    return Base(ref, (commit,), f"--base {LAST_SUCCESS}: what mbuild mark-success noted for {branch}")


def branch_of(repository: Repository, run: Run | None) -> str:
    """Return the branch that is built, as the provider or git calls it. Raises GitError on none."""
    branch = run.branch if run else refs.current_branch(repository.git) or ""
    if not branch:
        raise GitError("it is not known which branch is built, so neither is its last success", "--base REF")
    return branch


def _marked(repository: Repository, ref: str) -> str:
    remote = refs.remote_of(repository.git)
    found = refs.verify(repository.git, ref)
    if remote is not None and (found is None or repository.fetcher is not None):
        why = GitError(
            f"no success of this branch is noted here ({ref})",
            "note one after a build: mbuild mark-success --push; until then: --missing-base all",
        )
        try:
            bring(repository, commit_fetch(repository, remote, f"+{ref}:{ref}"), why)
        except NotThere:
            # Only then is the mark of this clone the last one. An older one would overlook what came and went since.
            if found is None:
                raise
        found = refs.verify(repository.git, ref)
    if found is None:
        raise GitError(
            f"no success of this branch is noted here ({ref})", "note one after a build: mbuild mark-success"
        )
    return found


def mark(repository: Repository, commit: str, branch: str) -> str:
    """Note a commit (id) as the last success of a branch; return the ref. Raises GitError."""
    if not is_name(branch):
        raise UsageError(f"{quoted(branch)} is no name for a branch")
    ref = PREFIX + branch
    repository.git.run("update-ref", "-m", "mbuild mark-success", ref, commit)
    return ref


def push(repository: Repository, ref: str) -> str:
    """Push a mark; return the remote. Raises GitError with git's own words."""
    remote = refs.remote_of(repository.git)
    if remote is None:
        raise GitError("there is no remote to push to, or it is not clear to which", "git remote add origin URL")
    args = ("push", "--quiet", "--no-verify", "--force", remote, f"{ref}:{ref}")
    done = repository.git.online(*args)
    if done.code != 0:
        raise GitError(f"git push {remote} {ref} failed: {first_line(done.err)}", "the run needs leave to write refs")
    return remote
