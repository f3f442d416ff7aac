"""What the work tree holds that HEAD does not: the edits, path by path.

``git status`` names the paths; what is there now is taken from disk. What status is silent about is looked for: files
hidden by assume-unchanged or skip-worktree, what is inside submodules and untracked repositories.
"""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mbuild.changes import Change, compare
from mbuild.git.disk import Disk, mode_of
from mbuild.git.hashing import file_ids, link_id
from mbuild.git.index import Oddity, oddities
from mbuild.git.repository import Repository
from mbuild.git.status import Line, Status, status
from mbuild.git.submodules import Inside, inside, nested
from mbuild.git.trees import CommitTree, EmptyTree
from mbuild.process.gate import waiting
from mbuild.tree import SUBMODULE, SYMLINK, Entry
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.git.worktree import WorkTree


@dataclass(slots=True)
class Edits:
    """The edits while they are collected.

    before: the entry in HEAD of every path concerned; now: the entry of those known; look: those to look at on disk;
    tracked: those the index has.
    index_oids: commits that the index has for submodules; submodules: the work trees in those that are checked out.
    """

    repository: Repository
    base: CommitTree | EmptyTree
    disk: Disk
    before: dict[str, Entry | None] = field(default_factory=dict)
    now: dict[str, Entry | None] = field(default_factory=dict)
    look: set[str] = field(default_factory=set)
    tracked: set[str] = field(default_factory=set)
    index_oids: dict[str, str] = field(default_factory=dict)
    submodules: dict[str, WorkTree] = field(default_factory=dict)

    def changes(self) -> dict[str, Change]:
        """Return what differs from HEAD, sorted by path."""
        found = (compare(path, self.before[path], self.now.get(path)) for path in sorted(self.before))
        return {change.path: change for change in found if change is not None}

    def line(self, line: Line) -> None:
        """Take in one path of git status."""
        if line.state == "untracked":
            self._untracked(line.path)
            return
        self.before[line.path] = self.base.entry(line.path) if line.ask_head else line.head
        if line.submodule:
            self.index_oids.setdefault(line.path, line.index.oid if line.index else "")
        if line.index is not None:
            self.tracked.add(line.path)
        if line.state == "disk":
            self.look.add(line.path)
        else:
            self.now[line.path] = line.index

    def _untracked(self, path: str) -> None:
        if not path.endswith("/"):
            self.before.setdefault(path, None)
            self.look.add(path)
            return
        # A repository that this one does not track. Its files are on disk and a builder would send them, so they count.
        for entry in nested(self.repository, path.rstrip("/")):
            self.before.setdefault(entry.path, None)
            self.now[entry.path] = entry

    def oddity(self, odd: Oddity) -> None:
        """Take in one hidden file or submodule of the index."""
        found = self.disk.look(odd.path)
        if found is None and (odd.sparse or not odd.hidden):
            return  # a sparse checkout left it out: the index counts. Anything else missing is in the status
        if odd.submodule:
            self.index_oids[odd.path] = odd.oid
        if odd.path not in self.before:
            self.before[odd.path] = self.base.entry(odd.path)
        self.look.add(odd.path)
        self.tracked.add(odd.path)

    def resolve(self) -> None:
        """Look at the disk for all paths that need it."""
        files: list[tuple[str, int]] = []
        for path in sorted(self.look):
            found = self.disk.look(path)
            self.now[path] = None
            if found is None:
                continue
            if stat.S_ISREG(found.st_mode):
                files.append((path, mode_of(found)))
            elif stat.S_ISLNK(found.st_mode):
                oid = link_id(self.repository.object_format, self.disk.target(path))
                self.now[path] = Entry(path, SYMLINK, oid)
                self._hidden_by_link(path)
            elif stat.S_ISDIR(found.st_mode) and path in self.index_oids:
                self._submodule(path)
            # FIFOs, sockets and devices are no inputs; a folder in place of a file has its files reported one by one.
        oids = file_ids(self.repository, [path for path, _ in files], self.tracked)
        self.now |= {path: Entry(path, mode, oid) for (path, mode), oid in zip(files, oids, strict=True)}

    def _hidden_by_link(self, path: str) -> None:
        """A link where HEAD has a folder: all in it is gone, which git does not say when the link leads to itself."""
        if self.before[path] is None:
            for entry in self.base.below(path):
                self.before.setdefault(entry.path, entry)
                self.now.setdefault(entry.path, None)

    def _submodule(self, path: str) -> None:
        found: Inside = inside(self.repository, self.disk, path, self.index_oids[path])
        self.now[path] = Entry(path, SUBMODULE, found.oid)
        if found.tree is not None:
            self.submodules[path] = found.tree


def collect(repository: Repository) -> tuple[Status, Edits]:
    """Ask git, then the disk. The index is read beside the status, on another core."""
    told: list[Status | BaseException] = []

    def ask() -> None:
        try:
            told.append(status(repository.git))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            told.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        odd = oddities(repository.git, repository.id_bytes, repository.memory)
    finally:
        with waiting():
            thread.join()
    found = told[0]
    if isinstance(found, BaseException):
        raise found
    base = repository.commit_tree(found.head) if found.head else EmptyTree()
    edits = Edits(repository, base, Disk(repository.top))
    _take(edits, found.lines, odd)
    return found, edits


def _take(edits: Edits, lines: Iterable[Line], odd: Iterable[Oddity]) -> None:
    # A path can be there twice: deleted in the index and untracked on disk. Git says the deletion first.
    for line in lines:
        edits.line(line)
    for each in odd:
        edits.oddity(each)
    edits.resolve()
