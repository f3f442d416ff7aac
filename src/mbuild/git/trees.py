"""Trees made of git objects: a commit, and the empty tree."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from mbuild.errors import GitError
from mbuild.expressions import expression
from mbuild.git.folders import Folders, leads_away
from mbuild.git.glance import may_be_scattered
from mbuild.git.scan import scan
from mbuild.tree import ATTRIBUTES, SUBMODULE, Entry, decode, is_scattered

if TYPE_CHECKING:
    from mbuild.git.repository import Repository

# Git knows the empty tree in every repository, also where nobody wrote it.
EMPTY = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

_LINK = expression(rb"\x00120000 blob [0-9a-f]+\t([^\0]+)")
_SIZED = expression(rb"\x00[0-7]+ [a-z]+ [0-9a-f]+ +(-|[0-9]+)\t([^\0]+)")
_NAMED = expression(rb"\t([^\0]*%b)(?=\0)" % re.escape(ATTRIBUTES.encode()))
_MANY = 100


class EmptyTree:
    """The tree without files: what a first commit is compared with."""

    def entry(self, path: str) -> Entry | None:  # noqa: ARG002 - the protocol's
        """Return None."""
        return None

    def expect(self, paths: Collection[str]) -> None:
        """Do nothing."""

    def expect_below(self, folders: Collection[str]) -> None:
        """Do nothing."""

    def below(self, folder: str, levels: int | None = None) -> tuple[Entry, ...]:  # noqa: ARG002 - the protocol's
        """Return nothing."""
        return ()

    def folder(self, path: str) -> bool:  # noqa: ARG002 - the protocol's
        """Return False."""
        return False

    def scattered(self) -> tuple[Entry, ...]:
        """Return nothing."""
        return ()

    def read(self, entry: Entry) -> bytes:
        """Raise GitError: there is no content in an empty tree."""
        raise GitError(f"{entry.path} is not in the empty tree")

    def open(self, entry: Entry) -> BinaryIO:
        """Raise GitError: there is no content in an empty tree."""
        raise GitError(f"{entry.path} is not in the empty tree")

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        """Return -1 for each: none of them can be from here."""
        return [-1 for _ in entries]


class CommitTree:
    """The tree of a commit. Nothing is read before it is asked for; safe to use from several threads."""

    def __init__(self, repository: Repository, commit: str) -> None:
        """Take a commit by its id."""
        self.repository = repository
        self.commit = commit
        self._lock = threading.RLock()
        self._expected: dict[str, Entry | None] = {}
        self._filled: set[str] = set()
        self._contents: dict[str, bytes] = {}
        self._folders = Folders(repository.objects, f"{commit}^{{tree}}", id_bytes=repository.id_bytes)

    def expect(self, paths: Collection[str]) -> None:
        """Look up files and read them together, where they are many: one by one, each costs a question to git."""
        with self._lock:
            new = [path for path in paths if path not in self._expected]
            if len(new) < _MANY and not self.repository.is_partial:
                return
            # The folders above are asked about where there is no such file: one of them may be a link.
            asked = {*new, *_above(new)}
            found = self._folders.entries(asked)
            self._expected |= dict.fromkeys(asked) | found
            self._filled.update(_above(found))
            oids = list({each.oid for each in found.values() if each.mode != SUBMODULE} - self._contents.keys())
            self._contents |= zip(oids, self.repository.objects.read_many(oids), strict=True)

    def expect_below(self, folders: Collection[str]) -> None:
        """Read the folders together."""
        with self._lock:
            self._folders.expect(folders)

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path, or None (also for a folder)."""
        with self._lock:
            return self._expected[path] if path in self._expected else self._folders.entry(path)

    def find(self, paths: Collection[str]) -> dict[str, Entry]:
        """Return the entries at those of the paths where there is one: they are looked up together."""
        with self._lock:
            return self._folders.entries(paths)

    def below(self, folder: str, levels: int | None = None) -> tuple[Entry, ...]:
        """Return every entry below a folder, sorted by path; ``""`` is the git root. levels: only so many down."""
        with self._lock:
            return self._folders.below(folder, levels)

    def folder(self, path: str) -> bool:
        """Tell whether something is below a folder."""
        with self._lock:
            return path in self._filled or self._folders.is_folder(path)

    def tree_id(self, folder: str) -> str | None:
        """Return the id of a folder's tree object, which tells all that is below it; None where there is no folder."""
        with self._lock:
            return self._folders.tree_id(folder)

    def sized(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the path, from there, and the bytes of every entry below a folder, -1 of a submodule. Raises GitError.

        Git says it of some at a time, so that little is kept of 200,000; who asks for something else does not wait.
        """
        tree = self.tree_id(folder) if folder else self.commit
        if tree is not None:
            for size, path in scan(self.repository.git, ("ls-tree", "-r", "-l", "-z", tree), _SIZED.findall):
                yield decode(path), -1 if size == b"-" else int(size)

    def scattered(self) -> tuple[Entry, ...]:
        """Return every link and attributes file, sorted by path. The index or git looks through the whole tree."""
        repository = self.repository
        paths = may_be_scattered(repository.git, self.commit, repository.id_bytes) if repository.is_big else None
        found = self.find(self._listed() if paths is None else paths).values()
        return tuple(sorted(filter(is_scattered, found), key=lambda each: each.path))

    def _listed(self) -> list[str]:
        found = scan(self.repository.git, ("ls-tree", "-r", "-z", "--full-tree", self.commit), _scattered)
        paths = [decode(each) for each in found]
        if any(".." in each.split("/") for each in paths):
            raise leads_away("..")
        return paths

    def read(self, entry: Entry) -> bytes:
        """Return the content of a file, or the target of a link. Raises GitError when it is not in this clone."""
        oid = _blob(entry)
        known = self._contents.get(oid)
        return self.repository.objects.read(oid, entry.path) if known is None else known

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a file; a big one is streamed in bounded memory."""
        return self.repository.objects.open(_blob(entry), entry.size, entry.path)

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        """Return the size of each in bytes, -1 for a submodule."""
        return sizes_of(self.repository, entries)


def _scattered(records: bytes) -> Iterator[bytes]:
    """Yield the paths of links in what git lists, and those that end as attributes files are called."""
    yield from _LINK.findall(records)
    if ATTRIBUTES.encode() in records:  # to look for whole paths takes four times as long
        yield from _NAMED.findall(records)


def _above(paths: Iterable[str]) -> Collection[str]:
    """Return the folders above paths, without the root."""
    found: set[str] = set()
    for each in paths:
        folder = each.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def sizes_of(repository: Repository, entries: Iterable[Entry]) -> Sequence[int]:
    """Return the sizes of the objects of entries in bytes, -1 for submodules."""
    listed = list(entries)
    sizes = repository.objects.sizes([each.oid for each in listed if each.mode != SUBMODULE])
    if len(sizes) == len(listed):
        return sizes
    left = iter(sizes)
    return [-1 if each.mode == SUBMODULE else next(left) for each in listed]


def _blob(entry: Entry) -> str:
    if entry.mode == SUBMODULE:
        raise GitError(f"{entry.path} is a submodule: it has no content of its own")
    return entry.oid
