"""The commits of a branch, along first parents: what came to it, one merge or one push at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mbuild.errors import GitError
from mbuild.git import refs
from mbuild.git.bring import Fetch
from mbuild.git.door import Git
from mbuild.tree import decode
from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. parent: its first one, None for the first commit or where a shallow clone ends; subject: first line."""

    id: str
    parent: str | None
    subject: str


def first_parents(git: Git, head: str, *, most: int | None = None, after: str | None = None) -> tuple[Commit, ...]:
    """Return commits from oldest to newest, ``head`` being the last. Both ends are ids.

    most: how many at most, the newest. after: only those that are not reached from it. Raises GitError.
    """
    limit = [f"--max-count={most}"] if most is not None else []
    until = [f"^{after}"] if after is not None else []
    out = git.run(
        "log", "-z", "--first-parent", "--no-show-signature", "--format=%H%x00%P%x00%s", *limit, head, *until, "--"
    )
    fields = out.split(b"\0")
    if len(fields) % 3 > 1:
        raise GitError("git log answered with something else than commits")
    found = zip(fields[::3], fields[1::3], fields[2::3], strict=False)
    return tuple(Commit(decode(oid), _first(parents), decode(subject)) for oid, parents, subject in found)[::-1]


def missing_history(
    repository: Repository, found: Sequence[Commit], most: int | None, after: str | None
) -> Fetch | None:
    """Return the fetch of what a shallow clone lacks of some commits; None where it lacks nothing.

    found: from oldest to newest, as ``first_parents`` gives them; most, after: what was asked for.
    """
    if not found or found[0].parent is not None or found[0].id not in repository.boundary():
        return None
    remote = refs.remote_of(repository.git) or "origin"
    if most is None or after is not None:
        return Fetch(("--no-tags", "--unshallow", remote))
    # The oldest of them is compared with a commit that is not counted.
    wanted = most - len(found) + 1
    return Fetch(("--no-tags", f"--deepen={wanted}", remote, found[0].id)) if wanted > 0 else None


def _first(parents: bytes) -> str | None:
    return parents.split(b" ")[0].decode() if parents else None
