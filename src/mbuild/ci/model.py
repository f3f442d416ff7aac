"""One run of a CI pipeline as mbuild needs it, the same for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from mbuild.values import dataclass

if TYPE_CHECKING:
    from mbuild.ci.files import Read

PULL_REQUEST = "pull request"
MERGE_QUEUE = "merge queue"
PUSH = "push"
TAG = "tag"
SCHEDULE = "schedule"
OTHER = "run"
"""Started by hand, by another pipeline, or in a way that the provider does not tell."""


@dataclass(frozen=True, slots=True)
class Against:
    """What a run is compared with.

    how:    the variables that say so.
    branch: a branch of the remote, through its merge base with head; "" for none.
    commit: an id. Without a branch it is compared with as it is: what was built before, whatever became of the branch.
            With a branch it is what that branch was when the run was started.
    empty:  nothing was there before: compared with the empty tree.
    """

    how: str
    branch: str = ""
    commit: str = ""
    empty: bool = False

    @property
    def shown(self) -> str:
        """What it is called in answers."""
        return self.branch or self.commit

    def refspec(self, remote: str) -> str:
        """Return what ``git fetch REMOTE`` has to be asked for."""
        return branch_refspec(remote, self.branch) if self.branch else self.commit


@dataclass(frozen=True, slots=True)
class Run:
    """What a provider says.

    event:  one of the words above.
    commit: the id that is built, "" where the provider does not say.
    branch: the branch that was pushed, or that the pull request comes from; "" when unknown.
    source: the id of the pull request's last commit. Where head is a merge of it, what it was merged into is the base.
    default_branch: of the repository, "" when unknown.
    last_success: what the provider recorded as built last on this branch without a failure.
    first:  it is known that nothing was built before on this branch.
    """

    provider: str
    event: str
    commit: str = ""
    branch: str = ""
    tag: str = ""
    against: Against | None = None
    source: str = ""
    default_branch: str = ""
    last_success: Against | None = None
    first: bool = False


class Provider(Protocol):
    """What a provider's module has."""

    def run(self, env: Mapping[str, str], read: Read) -> Run:
        """Return what the environment, and the files it names, say. Raises GitError for what cannot be used."""
        ...


def branch_refspec(remote: str, branch: str) -> str:
    """Return the refspec that brings one branch of a remote to where clones keep it."""
    return f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}"


def pushed(how: str, before: str, *, branch: str, default_branch: str) -> Against | None:
    """Return what a push is compared with: the commit before it; for a new branch, the default branch.

    before: an id, "" where there was none (providers write zeros).
    """
    if before:
        return Against(how, commit=before)
    if branch and branch == default_branch:
        return Against(f"{how}: the first push of the default branch", empty=True)
    return Against(f"{how}: the first push of a branch", branch=default_branch) if default_branch else None
