"""Merge bases, also where history is cut off: none is believed that a longer history could prove wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbuild.errors import GitError
from mbuild.git import refs

if TYPE_CHECKING:
    from mbuild.git.bring import Fetch
    from mbuild.git.repository import Repository

_STEPS = (50, 200, 1000, 5000)
"""How much more of the history is fetched each time, in commits, before all of it is."""

_FEW = 8
"""More ends of a cut history than this are not named one by one."""


def merge_bases(repository: Repository, ref: str, commit: str, head: str) -> tuple[str, ...]:
    """Return the merge bases of two commits (ids). Raises GitError where there is none, or none to be sure of.

    ref: what ``commit`` is called in messages.
    """
    for step in (*_STEPS, 0, None):
        found = repository.merge_bases(commit, head)
        if found == (commit,) or found == (head,):
            return found  # nothing is nearer than one of the two
        ends = _open_ends(repository, commit, head, found)
        if not ends:
            break
        if step is None:
            raise _cut(ref, found)
        from mbuild.git.bring import bring

        bring(repository, _deeper(repository, step, ends), _cut(ref, found))
    if found:
        return found
    raise GitError(
        f"{ref} and head have no common ancestor: their histories are unrelated",
        "name a commit of head's own history: --base REF, or build everything: --missing-base all",
    )


def _open_ends(repository: Repository, commit: str, head: str, found: tuple[str, ...]) -> tuple[str, ...]:
    """Return the commits at which history is cut off and behind which a better common ancestor could be.

    What lies behind a commit that is reachable from one already found is an ancestor of that, thus no better.
    """
    boundary = repository.boundary()
    if not boundary:
        return ()
    beyond = refs.lines(repository.git.run("rev-list", commit, head, "--not", *found))
    return tuple(each for each in beyond if each in boundary)


def _deeper(repository: Repository, step: int, ends: tuple[str, ...]) -> Fetch:
    from mbuild.git.bring import Fetch

    remote = refs.remote_of(repository.git) or "origin"
    if not step or len(ends) > _FEW:
        return Fetch(("--no-tags", "--unshallow", remote))
    # Asked for by id, so that no branch moves meanwhile, and nothing is deepened but what was found to be too short.
    return Fetch(("--no-tags", f"--deepen={step}", remote, *ends))


def _cut(ref: str, found: tuple[str, ...]) -> GitError:
    if found:
        message = f"the common ancestor of {ref} and head cannot be told in this shallow clone: its history is cut off"
    else:
        message = f"no common ancestor of {ref} and head in this shallow clone: its history is cut off"
    return GitError(message, "if it is still not found, again; --fetch does that until it is")
