"""Compared with what: the base, and how it was chosen. The answer always says both."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mbuild.errors import GitError
from mbuild.git import refs
from mbuild.git.repository import Repository

_USUAL = ("main", "master", "trunk", "develop")


@dataclass(frozen=True, slots=True)
class Base:
    """What head is compared with.

    ref:     as given, or the name it was found under; "" for the empty tree.
    commits: ids; several where histories have several merge bases (take the union), none for the empty tree.
    how:     one line for people.
    """

    ref: str
    commits: tuple[str, ...]
    how: str


def resolve_base(repository: Repository, *, base: str | None, env: Mapping[str, str], head: str | None) -> Base:
    """Choose the base: ``--base``, MBUILD_BASE, CI variables, the upstream default branch, else the commit before.

    head: the commit that is built (an id); None: the work tree, whose commit is HEAD.
    Raises GitError (exit 3) for a base that cannot be found or shares no history with head here.
    """
    commit = head or repository.head()
    given = _given(base, env)
    if given is not None:
        ref, how = given
        return _through_merge_base(repository, ref, how, commit)
    if commit is None:
        return Base("", (), "the branch has no commit yet: compared with the empty tree")
    return _default(repository, commit, of_work_tree=head is None)


def _given(base: str | None, env: Mapping[str, str]) -> tuple[str, str] | None:
    if base is not None:
        return base, "--base"
    if env.get("MBUILD_BASE"):
        return env["MBUILD_BASE"], "MBUILD_BASE"
    return ci_base(env)


def ci_base(env: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the ref a CI provider compares with and the variable that says so. The hook for more providers.

    GitHub Actions sets GITHUB_BASE_REF for pull requests (a branch of the remote that actions/checkout calls origin);
    GitLab sets CI_MERGE_REQUEST_DIFF_BASE_SHA in merge request pipelines.
    """
    if env.get("GITHUB_BASE_REF"):
        return f"origin/{env['GITHUB_BASE_REF']}", "GITHUB_BASE_REF"
    if env.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        return env["CI_MERGE_REQUEST_DIFF_BASE_SHA"], "CI_MERGE_REQUEST_DIFF_BASE_SHA"
    return None


def _through_merge_base(repository: Repository, ref: str, how: str, head: str | None) -> Base:
    commit = repository.resolve_commit(ref)
    if head is None:
        return Base("", (), f"{how}: {ref}, but the branch has no commit yet: compared with the empty tree")
    found = _merge_bases(repository, ref, commit, head)
    if found == (commit,):
        return Base(ref, found, how)
    many = "the merge base" if len(found) == 1 else f"{len(found)} merge bases (all of them)"
    return Base(ref, found, f"{how}: {many} of {ref} and head")


def _merge_bases(repository: Repository, ref: str, commit: str, head: str) -> tuple[str, ...]:
    found = repository.merge_bases(commit, head)
    if found:
        return found
    if repository.is_shallow():
        remote = _remote(repository) or "origin"
        raise GitError(
            f"no common ancestor of {ref} and head in this shallow clone: its history is cut off",
            f"git fetch --unshallow {shlex.quote(remote)}",
            f"or, for huge histories, until it is found: git fetch --deepen=200 {shlex.quote(remote)}",
        )
    raise GitError(
        f"{ref} and head have no common ancestor: their histories are unrelated",
        "name a commit of head's own history: --base REF, or build everything: --missing-base all",
    )


def _remote(repository: Repository) -> str | None:
    """Return the remote of the current branch, else origin, else the only one."""
    remotes = refs.lines(repository.git.run("remote"))
    branch = refs.current_branch(repository.git)
    own = refs.config(repository.git, f"branch.{branch}.remote") if branch else None
    for name in (own, "origin"):
        if name in remotes:
            return name
    return remotes[0] if len(remotes) == 1 else None


def _default(repository: Repository, head: str, *, of_work_tree: bool) -> Base:
    """Return the merge base with the default branch; on that branch itself, the commit before."""
    full, name = _default_branch(repository)
    ref = full.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    found = _merge_bases(repository, ref, repository.resolve_commit(full), head)
    if found != (head,):
        how = "the merge base" if len(found) == 1 else f"{len(found)} merge bases (all of them)"
        return Base(ref, found, f"{how} of head and the default branch {ref}")
    branch = refs.current_branch(repository.git)
    if of_work_tree and branch not in (None, name):
        return Base(
            ref, found, f"the merge base of head and the default branch {ref}: nothing is committed on top of it"
        )
    return _before(repository, head, ref)


def _default_branch(repository: Repository) -> tuple[str, str]:
    """Return the default branch as a full ref and by its own name."""
    remote = _remote(repository)
    if remote is not None:
        answer = repository.git.finish("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", check=False).out
        prefix = f"refs/remotes/{remote}/"
        pointed = refs.lines(answer)
        names = [pointed[0].removeprefix(prefix)] if pointed else []
        for name in (*names, *_USUAL):
            if refs.verify(repository.git, prefix + name) is not None:
                return prefix + name, name
        raise _no_default(repository, f"the default branch of the remote {remote} is not known here")
    branches = refs.lines(repository.git.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"))
    configured = refs.config(repository.git, "init.defaultBranch")
    for name in (configured, *_USUAL, *(branches if len(branches) == 1 else ())):
        if name in branches:
            return f"refs/heads/{name}", name
    raise _no_default(repository, "there is no remote and no branch main or master to compare with")


def _no_default(repository: Repository, message: str) -> GitError:
    remote = _remote(repository)
    fetch = (f"git remote set-head {shlex.quote(remote)} --auto",) if remote else ()
    return GitError(message, "name the commit to compare with: --base REF", *fetch)


def _before(repository: Repository, head: str, ref: str) -> Base:
    parents = repository.parents(head)
    if not parents:
        return Base("", (), f"head is the first commit of {ref}: compared with the empty tree")
    if refs.verify(repository.git, parents[0]) is None:
        remote = shlex.quote(_remote(repository) or "origin")
        raise GitError(
            f"head is on {ref}, and the commit before it is not in this shallow clone", f"git fetch --deepen=1 {remote}"
        )
    return Base("HEAD^", (parents[0],), f"the commit before head, which is on the default branch {ref}")
