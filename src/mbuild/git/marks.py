"""The last success of a branch: what a provider recorded, else a ref that ``mbuild mark-success`` keeps.

The refs are mbuild's own, below ``refs/mbuild/``: no branch or tag of anybody is ever written. A repository may have
several build.yaml, each with a step of its own: what one has built says nothing of the images of another.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from mbuild.ci.model import Run
from mbuild.ci.values import is_name
from mbuild.errors import GitError, UsageError, printable
from mbuild.git import refs
from mbuild.git.base import LAST_SUCCESS, Base
from mbuild.git.bring import NotThere, bring, commit_fetch
from mbuild.git.messages import first_line
from mbuild.git.provided import recorded
from mbuild.references import quoted

if TYPE_CHECKING:
    from mbuild.git.repository import Repository

PREFIX = "refs/mbuild/success"


def ref_of(branch: str, config: str) -> str:
    """Return the ref of a branch's mark. config: where build.yaml lies; "" for the top of the repository."""
    if not config:
        return f"{PREFIX}/{branch}"
    # One part of a ref, told from all others: a branch and a folder may both have slashes.
    said = re.sub("[^A-Za-z0-9]+", "-", config)[-40:].strip("-")
    digest = hashlib.sha256(config.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{PREFIX}-of/{said}-{digest}/{branch}"


def last_success(repository: Repository, run: Run | None, config: str) -> Base:
    """Return the commit of this branch that was built last without a failure. Raises GitError.

    config: as for ``ref_of``. What a provider has recorded is of all that its job does.
    """
    if run is not None and run.last_success is not None:
        return recorded(repository, run.last_success, run.provider)
    branch = branch_of(repository, run)
    ref = ref_of(branch, config)
    commit = _marked(repository, ref)
    whose = f"{branch} and {printable(config)}" if config else branch
    return Base(ref, (commit,), f"--base {LAST_SUCCESS}: what mbuild mark-success noted for {whose}")


def branch_of(repository: Repository, run: Run | None) -> str:
    """Return the branch that is built, as the provider or git calls it. Raises GitError on none."""
    branch = run.branch if run else refs.current_branch(repository.git) or ""
    if not branch:
        raise GitError(
            "it is not known which branch is built, so neither is its last success",
            "--base REF, or to note one: mbuild mark-success --branch NAME",
        )
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


def mark(repository: Repository, commit: str, branch: str, config: str) -> str:
    """Note a commit (id) as the last success of a branch; return the ref. Raises GitError.

    config: as for ``ref_of``.
    """
    if not is_name(branch):
        raise UsageError(f"{quoted(branch)} is no name for a branch")
    ref = ref_of(branch, config)
    done = repository.git.finish("update-ref", "-m", "mbuild mark-success", ref, commit, check=False)
    if done.code != 0:
        raise _in_the_way(repository, ref) or repository.git.failed(done.err, "update-ref")
    return ref


def _in_the_way(repository: Repository, ref: str) -> GitError | None:
    """Return what is wrong where git cannot have a ref beside those that are there, one being a folder of the other."""
    known = refs.lines(repository.git.run("for-each-ref", "--format=%(refname)", "refs/mbuild"))
    old = [each for each in known if ref.startswith(f"{each}/") or each.startswith(f"{ref}/")]
    if not old:
        return None
    ways_out = (f"if that branch is gone: git update-ref -d {printable(each)}" for each in old)
    return GitError(f"git cannot have {printable(ref)} beside {printable(old[0])}, an older mark", *ways_out)


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
