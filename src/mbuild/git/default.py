"""Compared with what, when nobody says: the default branch of the remote."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mbuild.errors import GitError
from mbuild.git import refs
from mbuild.git.base import Base, in_words
from mbuild.git.merged import merge_bases
from mbuild.values import replace

if TYPE_CHECKING:
    from mbuild.ci.model import Run
    from mbuild.git.repository import Repository

_USUAL = ("main", "master", "trunk", "develop")
_NAMELESS = "HEAD"
"""The remote's HEAD, fetched into a clone that does not have it: which branch it is, git does not say."""


def default_base(repository: Repository, head: str, run: Run | None, *, of_work_tree: bool) -> Base:
    """Return the merge base with the default branch; on that branch itself, the commit before.

    run: may know the branch that is built, and the default branch, better than git, but not what was pushed.
    """
    full, name = _default_branch(repository, run.default_branch if run else "")
    ref = full.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    found = merge_bases(repository, ref, repository.resolve_commit(full), head)
    if found != (head,):
        return Base(ref, found, f"{in_words(found)} of head and the default branch {ref}")
    on = (run and run.branch) or (refs.current_branch(repository.git) if of_work_tree else None)
    if on and name not in (on, _NAMELESS):
        how = f"the merge base of head and the default branch {ref}: nothing is committed on top of it"
        return Base(ref, found, how)
    if run is not None and run.first:
        return Base("", (), f"{run.provider}: nothing was built before on {ref}: compared with the empty tree")
    before = _before(repository, head, ref)
    if run is None or not before.commits:
        return before
    # A push may have brought more commits than the last one: whoever reads the answer has to know.
    how = f"{before.how}; {run.provider} does not say what else was pushed, --base last-success knows"
    return replace(before, how=how)


def _default_branch(repository: Repository, known: str) -> tuple[str, str]:
    """Return the default branch as a full ref and by its own name."""
    remote = refs.remote_of(repository.git)
    if remote is not None:
        return _of_remote(repository, remote, known)
    branches = refs.lines(repository.git.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"))
    configured = refs.config(repository.git, "init.defaultBranch")
    for name in (known, configured, *_USUAL, *(branches if len(branches) == 1 else ())):
        if name in branches:
            return f"refs/heads/{name}", name
    raise GitError("there is no remote and no branch main or master to compare with", _NAME_IT)


_NAME_IT = "name the commit to compare with: --base REF"


def _of_remote(repository: Repository, remote: str, known: str) -> tuple[str, str]:
    prefix = f"refs/remotes/{remote}/"
    if known:
        names, asked = [known], f"+refs/heads/{known}:{prefix}{known}"
    else:
        answer = repository.git.finish("symbolic-ref", "--quiet", f"{prefix}HEAD", check=False).out
        pointed = refs.lines(answer)
        names = [pointed[0].removeprefix(prefix)] if pointed else [*_USUAL, _NAMELESS]
        asked = f"+refs/heads/{names[0]}:{prefix}{names[0]}" if pointed else f"+HEAD:{prefix}{_NAMELESS}"
    for _ in range(2):
        for name in names:
            if refs.verify(repository.git, prefix + name) is not None:
                return prefix + name, name
        _fetch(repository, remote, asked, _unknown(remote))
    raise _unknown(remote)


def _fetch(repository: Repository, remote: str, refspec: str, why: GitError) -> None:
    from mbuild.git.bring import bring, commit_fetch

    bring(repository, commit_fetch(repository, remote, refspec), why)


def _unknown(remote: str) -> GitError:
    return GitError(f"the default branch of the remote {shlex.quote(remote)} is not known here", _NAME_IT)


def _before(repository: Repository, head: str, ref: str) -> Base:
    parents = repository.parents(head)
    if not parents:
        return Base("", (), f"head is the first commit of {ref}: compared with the empty tree")
    if refs.verify(repository.git, parents[0]) is None:
        why = GitError(f"head is on {ref}, and the commit before it is not in this shallow clone")
        _fetch(repository, refs.remote_of(repository.git) or "origin", parents[0], why)
    how = f"the commit before head, which is on the default branch {ref}"
    return Base("HEAD^", (parents[0],), how, unproven=True)
