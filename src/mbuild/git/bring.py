"""What a clone lacks: the one command that brings it, named in an error, or run where the user allowed it."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mbuild.errors import GitError, printable
from mbuild.git import refs
from mbuild.git.messages import first_line
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.git.repository import Repository

MOST_NAMED = 100
"""How many object ids a command line may have."""

_WHOLE_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PART_OF_ID = re.compile(r"[0-9a-fA-F]{7,63}")

ALLOW = "or let mbuild run it: --fetch"

_NO_REF = b"couldn't find remote ref"
"""What git says when a remote was reached and has no such ref (git's ``builtin/fetch.c``)."""


class NotThere(GitError):  # noqa: N818 - as the error it is
    """The remote answered, and does not have what was asked for."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Leave to fetch. tell: says which command is run, before it is. lock: one at a time, as git locks files."""

    tell: Callable[[str], None]
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Fetch:
    """One ``git fetch``: its arguments, and the ids of the objects to get, if any."""

    args: tuple[str, ...]
    oids: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """What stands behind ``git``. Many ids go to standard input: a command line is limited."""
        few = len(self.oids) <= MOST_NAMED
        return ("fetch", *self.args, *self.oids) if few else ("fetch", "--stdin", *self.args)

    @property
    def stdin(self) -> bytes:
        """What is written to git."""
        return b"" if len(self.oids) <= MOST_NAMED else "".join(f"{oid}\n" for oid in self.oids).encode()

    def __str__(self) -> str:
        return f"git {shlex.join(self.argv)}" + (f" (of {len(self.oids)} objects)" if self.stdin else "")


def commit_fetch(repository: Repository, remote: str, *refspecs: str) -> Fetch:
    """Return the smallest fetch of commits: in a shallow clone these alone, in a full one what leads to them."""
    depth = ("--depth=1",) if repository.is_shallow() else ()
    return Fetch(("--no-tags", *depth, *_with_trees(repository, remote), remote, *refspecs))


def _with_trees(repository: Repository, remote: str) -> tuple[str, ...]:
    """Have folders come with a commit also where the clone leaves them out: two trees are what is compared."""
    if not repository.is_partial:
        return ()
    from mbuild.git.partial import promisor

    return ("--filter=blob:none",) if promisor(repository) == remote else ()


def bring(repository: Repository, fetch: Fetch, why: GitError, then: str = "") -> None:
    """Run a fetch where that is allowed. Raises ``why`` with the command as its first hint, or what git says; NotThere
    where the remote says that it has no such ref.

    then: what to do after the command, for who runs it by hand.
    """
    if repository.fetcher is None:
        raise _with(why, f"{fetch}{then}", ALLOW)
    with repository.fetcher.lock:
        repository.fetcher.tell(printable(str(fetch)))
        done = repository.git.online(*fetch.argv, stdin=fetch.stdin)
    if done.code != 0:
        kind = NotThere if _NO_REF in done.err else GitError
        raise _with(why, f"this failed: {fetch}", f"git said: {printable(first_line(done.err))}", kind=kind)


def _with(error: GitError, *hints: str, kind: type[GitError] = GitError) -> GitError:
    problem = error.problems[0]
    return kind(problem.message, *hints, *problem.hints, where=problem.where)


def obtain(repository: Repository, ref: str, unknown: GitError) -> str:
    """Fetch a ref that is not known here and return its commit id. Raises ``unknown`` where no fetch can bring it."""
    remote = refs.remote_of(repository.git)
    found = _asked_for(repository, remote, ref) if remote else None
    if remote is None or found is None:
        raise unknown
    fetch, name = found
    bring(repository, fetch, unknown, "" if name == ref else f", then it is called {name}")
    return refs.resolve_commit(repository.git, name)


def _asked_for(repository: Repository, remote: str, ref: str) -> tuple[Fetch, str] | None:
    """Return the fetch that brings a ref, and the name it has afterwards."""
    from mbuild.ci.model import branch_refspec
    from mbuild.ci.values import is_name

    first, _, name = ref.partition("/")
    if is_name(name) and first in refs.lines(repository.git.run("remote")):
        return commit_fetch(repository, first, branch_refspec(first, name)), ref
    if _WHOLE_ID.fullmatch(ref):
        return commit_fetch(repository, remote, ref), ref
    if _PART_OF_ID.fullmatch(ref):
        return (Fetch(("--no-tags", "--unshallow", remote)), ref) if repository.is_shallow() else None
    # A full clone has all names; in others it may be a branch or a tag, which git finds out by itself.
    if is_name(ref) and (repository.is_shallow() or _one_branch(repository, remote)):
        return commit_fetch(repository, remote, ref), "FETCH_HEAD"
    return None


def _one_branch(repository: Repository, remote: str) -> bool:
    return "*" not in (refs.config(repository.git, f"remote.{remote}.fetch") or "")
