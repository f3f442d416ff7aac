"""Compared with what, when a CI provider says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.ci.model import MERGE_QUEUE, PULL_REQUEST, Against, Run
from mbuild.errors import GitError
from mbuild.git import refs
from mbuild.git.base import Base, in_words
from mbuild.git.bring import Fetch, bring, commit_fetch
from mbuild.git.merged import merge_bases
from mbuild.values import replace

if TYPE_CHECKING:
    from mbuild.git.door import Git
    from mbuild.git.repository import Repository

_CANDIDATES = 10
"""How many tags are looked at for the nearest: as many as ``git describe`` does."""
_SAY = "name what to compare with: --base REF, or build everything: --missing-base all"


def provided_base(repository: Repository, run: Run, head: str) -> Base | None:
    """Return the base of a run for a head (an id), None where the provider says nothing of it. Raises GitError."""
    merged = _merged_into(repository, run, head)
    if merged is not None:
        return merged
    if run.tag:
        return _before_tag(repository, run.tag, head)
    if run.against is None:
        return None
    if run.against.empty:
        return Base("", (), f"{run.provider}, {run.against.how}: compared with the empty tree")
    if run.against.branch:
        return _branch(repository, run, run.against, head)
    found = recorded(repository, run.against, run.provider)
    return found if run.event in (PULL_REQUEST, MERGE_QUEUE) else replace(found, unproven=True)


def recorded(repository: Repository, against: Against, said_by: str) -> Base:
    """Return a commit that is compared with as it is: the state that was built before."""
    commit = _present(repository, against.commit, against.how)
    return Base(against.commit, (commit,), f"{said_by}, {against.how}")


def _merged_into(repository: Repository, run: Run, head: str) -> Base | None:
    """Return what the pull request was merged into, where head is that merge.

    The first parent is what the base branch was when the merge was made, so no history is needed to find it. In a merge
    of something else into the pull request's branch, the pull request is the first.
    """
    if run.event not in (PULL_REQUEST, MERGE_QUEUE) or not run.source or head == run.source:
        return None
    parents = repository.parents(head)
    # Where the provider names a commit that is not that of the pull request, that is its merge: head may be any other.
    if len(parents) != 2 or parents[1] != run.source or run.commit not in ("", run.source, head):
        return None
    into = parents[0]
    remote, branch = refs.remote_of(repository.git), run.against.branch if run.against else ""
    name = f"{remote}/{branch}" if remote and branch else into
    _present(repository, into, f"what the {run.event} was merged into")
    return Base(name, (into,), f"{run.provider}: what the {run.event} was merged into for this run")


def _present(repository: Repository, commit: str, how: str) -> str:
    """Return the full id of a commit, fetched alone where it is missing and that is allowed."""
    found = refs.verify(repository.git, commit)
    if found is None:
        why = GitError(f"{how}: the commit {commit} is not in this clone", _SAY)
        remote = refs.remote_of(repository.git)
        if remote is None or len(commit) not in (40, 64):
            raise why
        bring(repository, commit_fetch(repository, remote, commit), why)
        found = refs.verify(repository.git, commit)
        if found is None:
            raise why
    return found


def _branch(repository: Repository, run: Run, against: Against, head: str) -> Base:
    remote = refs.remote_of(repository.git)
    if remote is None:
        raise GitError(f"{against.how}: there is no remote to have the branch {against.branch}", _SAY)
    ref = f"{remote}/{against.branch}"
    tip = refs.verify(repository.git, f"refs/remotes/{ref}")
    if tip is None:
        why = GitError(f"{against.how}: there is no commit '{ref}' in this clone", _SAY)
        bring(repository, commit_fetch(repository, remote, against.refspec(remote)), why)
        tip = repository.resolve_commit(f"refs/remotes/{ref}")
    found = merge_bases(repository, ref, tip, head)
    if found == (head,) and run.event == PULL_REQUEST:
        found = _already_merged(repository, against, ref, head)
    return Base(ref, found, f"{run.provider}, {against.how}: {in_words(found)} of {ref} and head")


def _already_merged(repository: Repository, against: Against, ref: str, head: str) -> tuple[str, ...]:
    """Return the merge bases with what the branch was when the run was started: since then it took head in.

    Raises GitError where head was part of it from the start: then what is checked out is not the pull request.
    """
    found: tuple[str, ...] = (head,)
    if against.commit:
        start = _present(repository, against.commit, against.how)
        found = merge_bases(repository, ref, start, head)
    if found == (head,):
        raise GitError(
            f"{against.how}: head is part of {ref} already, so it is not known what the pull request changes",
            "check out the pull request's own commit, not its base",
            _SAY,
        )
    return found


def _before_tag(repository: Repository, tag: str, head: str) -> Base:
    """Return the nearest tag before head that is called alike: for ``api-v1.2`` one that begins with ``api-v``."""
    found = _nearest(repository.git, _called_alike(repository.git, tag, head), head)
    if found is not None:
        name, commit = found
        return Base(name, (commit,), f"the tag before {tag} in its history")
    if repository.is_shallow():
        remote = refs.remote_of(repository.git) or "origin"
        why = GitError(f"the tag before {tag} is not in this shallow clone", _SAY)
        bring(repository, Fetch(("--tags", "--unshallow", remote)), why)
        return _before_tag(repository, tag, head)
    return Base("", (), f"there is no tag like {tag} before it: compared with the empty tree")


def _called_alike(git: Git, tag: str, head: str) -> list[str]:
    """Return the tags in the history of head, itself included, that are called like one, the latest first."""
    start = next((place for place, each in enumerate(tag) if each.isdigit()), len(tag))
    asked = ("for-each-ref", f"--merged={head}", "--sort=-taggerdate", "--format=%(refname:lstrip=2)", "refs/tags")
    listed = refs.lines(git.run(*asked))
    if start == len(tag):
        return [each for each in listed if each == tag]
    return [each for each in listed if each.startswith(tag[:start]) and "0" <= each[start : start + 1] <= "9"]


def _nearest(git: Git, tags: list[str], head: str) -> tuple[str, str] | None:
    """Return the tag with the fewest commits between it and head, and its commit; None where all are at head.

    That is what ``git describe`` chooses. What it prints is no ref: for a tag that was renamed the name it was made
    with (git's ``builtin/describe.c``).
    """
    at: dict[str, str] = {}
    for tag, commit in zip(tags, refs.commits_of(git, tags), strict=True):
        if commit != head:
            at.setdefault(commit, tag)
    if not at:
        return None
    latest = refs.lines(git.run("rev-list", "--no-walk=sorted", "--stdin", stdin="\n".join(at).encode()))
    commit = min(latest[:_CANDIDATES], key=lambda each: int(git.run("rev-list", "--count", head, f"^{each}")))
    return at[commit], commit
