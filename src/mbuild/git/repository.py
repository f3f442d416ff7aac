"""Opening a repository, and what can be asked of it."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.errors import GitError
from mbuild.git import refs
from mbuild.git.door import Git, ask
from mbuild.git.messages import bare, failure
from mbuild.git.objects import Objects
from mbuild.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mbuild.git.bring import Fetcher
    from mbuild.git.index import Memory
    from mbuild.git.messages import MissingObject
    from mbuild.git.trees import CommitTree
    from mbuild.git.worktree import WorkTree

BIG = 4 << 20
"""Bytes of the index of a big repository: some 100 for each file."""

ID_BYTES = {"sha1": 20, "sha256": 32}

_QUESTIONS = ("--is-bare-repository", "--is-inside-work-tree", "--show-object-format", "--absolute-git-dir")


@dataclass(frozen=True, slots=True)
class Description:
    """Where a repository stands. branch: short name, None when HEAD is detached; head: commit, None when unborn."""

    branch: str | None
    head: str | None
    remotes: tuple[str, ...]


class Repository:
    """A git repository with a work tree.

    top: the folder of the work tree. object_format: sha1 or sha256; id_bytes: how many bytes its ids have.
    memory: remembers what takes long to find out; None: nothing does.
    fetcher: fetches what this clone lacks; None: nothing is fetched, and errors name the command.
    likely: yield ids of objects that will be asked for where another one was, so that they are fetched together.
    """

    def __init__(
        self,
        git: Git,
        object_format: str,
        resolved: Mapping[str, str] | None = None,
        bases: Mapping[frozenset[str], tuple[str, ...]] | None = None,
    ) -> None:
        """Wrap the door to a repository that was found.

        resolved, bases: refs that git was asked about with it, and merge bases of two commits.
        """
        self.git = git
        self.top = git.top
        self.memory: Memory | None = None
        self.fetcher: Fetcher | None = None
        self.likely: list[Callable[[], Iterable[str]]] = []
        self.object_format = object_format
        self.id_bytes = ID_BYTES[object_format]
        # Each answers one question: later ones may be asked because something was fetched.
        self._resolved, self._bases = dict(resolved or {}), dict(bases or {})

    @cached_property
    def objects(self) -> Objects:
        """The reader of objects, one long-lived process for all trees of this repository."""
        return Objects(self.git, self._bring)

    def _bring(self, oids: Sequence[str], error: MissingObject) -> None:
        from mbuild.git.partial import bring_objects

        bring_objects(self, [*oids, *(oid for each in self.likely for oid in each())], error)

    @cached_property
    def common_dir(self) -> Path:
        """The git folder that all work trees of the repository share, absolute."""
        # gitrepository-layout(5): only a linked work tree has the file, its path from the work tree's own git folder.
        try:
            found = os.fsdecode((self.git.git_dir / "commondir").read_bytes().removesuffix(b"\n"))
        except FileNotFoundError:
            found = ""
        return self.git.git_dir / found

    def describe(self) -> Description:
        """Return branch, HEAD and remotes.

        GitPython reads the configuration, included files and all; its import costs more than most answers, so it is
        left to where a description is asked for.
        """
        from git import Repo

        with Repo(self.top) as repo:
            remotes = tuple(sorted(remote.name for remote in repo.remotes))
        return Description(refs.current_branch(self.git), self.head(), remotes)

    def branch_named(self, ref: str) -> str | None:
        """Return the branch that a ref is the name of; None where it is none."""
        return refs.branch_named(self.git, ref)

    def head(self) -> str | None:
        """Return the commit of HEAD, or None on an unborn branch."""
        return self._resolved.pop("HEAD", None) or refs.verify(self.git, "HEAD")

    def resolve_commit(self, ref: str) -> str:
        """Return the commit id a ref means. Raises GitError with the nearest names, or the fetch that brings it."""
        if known := self._resolved.pop(ref, None):
            return known
        try:
            return refs.resolve_commit(self.git, ref)
        except refs.UnknownRef as error:
            from mbuild.git.bring import obtain

            return obtain(self, ref, error)

    def merge_bases(self, one: str, other: str) -> tuple[str, ...]:
        """Return all best common ancestors of two commits (ids), sorted; none for unrelated or cut histories."""
        known = self._bases.pop(frozenset((one, other)), None)
        if known is not None:
            return known
        return refs.merge_bases(self.git, one, other)

    @cached_property
    def is_partial(self) -> bool:
        """Whether objects may have been left out of this clone (partial-clone documentation: ``.promisor`` files)."""
        try:
            with os.scandir(self.common_dir / "objects" / "pack") as packs:
                return any(each.name.endswith(".promisor") for each in packs)
        except OSError:
            return False

    @cached_property
    def is_big(self) -> bool:
        """Whether HEAD has some 40,000 files or more: to go through all of it takes longer than to start a process."""
        try:
            return (self.git.git_dir / "index").stat().st_size >= BIG
        except OSError:
            return False

    def is_shallow(self) -> bool:
        """Whether history is cut off in this clone."""
        return bool(self.boundary())

    def boundary(self) -> frozenset[str]:
        """Return the commits whose parents were left out of this clone (gitrepository-layout(5): ``shallow``)."""
        try:
            return frozenset((self.common_dir / "shallow").read_text("ascii").split())
        except FileNotFoundError:
            return frozenset()

    def source(self) -> str:
        """Return where the source can be looked at: the remote's URL as https, without credentials; "" for none."""
        from mbuild.git.source import source_url

        remote = refs.remote_of(self.git)
        return source_url(refs.config(self.git, f"remote.{remote}.url") or "") if remote else ""

    def commit_time(self, commit: str) -> int:
        """Return the committer's date of a commit (id) in seconds since 1970."""
        return refs.commit_time(self.objects.read(commit))

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents a commit (id) names, also those that a shallow clone does not have."""
        return refs.parents(self.objects.read(commit))

    def commit_tree(self, commit: str) -> CommitTree:
        """Return the tree of a commit (id)."""
        from mbuild.git.trees import CommitTree

        if self.is_partial:
            from mbuild.git.partial import need_trees

            need_trees(self, commit)
        return CommitTree(self, commit)

    def work_tree(self) -> WorkTree:
        """Return the work tree as it is now: tracked and untracked files, not those git ignores."""
        from mbuild.git.worktree import WorkTree

        return WorkTree(self)

    def close(self) -> None:
        """End the processes that read objects. They also end with the repository object or with mbuild."""
        self.objects.close()


def open_repository(start: Path, expected: Iterable[str] = ()) -> Repository:
    """Open the repository that a folder belongs to: its top, a sub-folder or a linked worktree.

    expected: refs that will be asked for: git resolves them in the same breath, where it can.
    Raises GitError when there is none, when it is bare, or when git does not trust its owner.
    """
    if not start.is_dir():
        raise GitError(f"{start}: no such folder")
    names = [each for each in dict.fromkeys(expected) if _is_plain(each)]
    # One question answers most; a folder whose name holds a newline, or no work tree, needs two.
    lines = _asked(start, names) or (_asked(start, ()) if names else None) or _asked_apart(start)
    is_bare, inside, object_format, git_dir, top, *found = lines
    if is_bare == b"true" or inside != b"true":
        raise bare(start)
    git = Git(Path(os.fsdecode(top)), Path(os.fsdecode(git_dir)))
    ids = [each.decode() for each in found]
    resolved = dict(zip(names, ids, strict=False))
    return Repository(git, object_format.decode(), resolved, _bases(ids[len(names) :]))


_HARMLESS = str.maketrans("", "", "/._-")


def _is_plain(ref: str) -> bool:
    """Whether a ref is surely one name: no option, no range, nothing that is part of revisions' syntax."""
    return ref.isascii() and ref[:1].isalnum() and ".." not in ref and ref.translate(_HARMLESS).isalnum()


def _asked(start: Path, names: Sequence[str]) -> list[bytes] | None:
    """Return the answers to _QUESTIONS, the top and the commits of some refs; None where git does not know them all.

    Of two refs, what git says of ``ONE...OTHER`` follows: both commits, and all their merge bases, marked with ``^``.
    """
    commits = [f"{each}^{{commit}}" for each in names]
    pair = ["...".join(commits)] if len(commits) == 2 else []
    done = ask(start, "rev-parse", *_QUESTIONS, "--show-toplevel", *commits, *pair)
    lines = done.out.removesuffix(b"\n").split(b"\n")
    known = len(_QUESTIONS) + 1
    ids = lines[known:]
    # Where a name is no ref, but a file is called like that, git repeats it.
    sound = done.code == 0 and len(ids) >= len(names) * (1 + len(pair)) and all(map(refs.is_id, map(_unmarked, ids)))
    return lines if sound and (pair or len(ids) == len(names)) else None


def _unmarked(found: bytes) -> bytes:
    return found.removeprefix(b"^")


def _bases(found: Sequence[str]) -> Mapping[frozenset[str], tuple[str, ...]]:
    """Return the merge bases of two commits by these, from what git says of ``ONE...OTHER``; nothing from nothing."""
    pair, bases = frozenset(found[:2]), found[2:]
    return {pair: tuple(sorted(each.removeprefix("^") for each in bases))} if pair else {}


def _asked_apart(start: Path) -> list[bytes]:
    """Return the answers to _QUESTIONS, which end in a folder, and the top of the work tree. Raises GitError."""
    done = ask(start, "rev-parse", *_QUESTIONS)
    if done.code != 0:
        raise failure(done.err, start, "rev-parse")
    lines = done.out.removesuffix(b"\n").split(b"\n", len(_QUESTIONS) - 1)
    if lines[0] == b"true" or lines[1] != b"true":
        raise bare(start)
    found = ask(start, "rev-parse", "--show-toplevel")
    if found.code != 0:
        raise failure(found.err, start, "rev-parse")
    return [*lines, found.out.removesuffix(b"\n")]
