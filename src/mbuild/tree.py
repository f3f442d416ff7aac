"""A tree of files: a commit or the work tree, seen the same way.

Paths are ``str`` relative to the git root with ``/`` between parts. Bytes that are not UTF-8 are kept as surrogate
escapes (PEP 383), so ``path.encode("utf-8", "surrogateescape")`` always gives back git's bytes.
"""

from __future__ import annotations

import io
import posixpath
from collections.abc import Collection, Iterable, Sequence
from typing import BinaryIO, Protocol

from mbuild.values import dataclass

FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000

ATTRIBUTES = ".gitattributes"
"""Files of this name say how those beside and below them are checked out (gitattributes(5))."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree.

    mode: one of FILE, EXECUTABLE, SYMLINK, SUBMODULE (git's modes).
    oid:  hex object id: the blob of a file or of a link's target, the commit of a submodule.
    size: bytes of the blob when known, else -1.
    """

    path: str
    mode: int
    oid: str
    size: int = -1

    @property
    def is_link(self) -> bool:
        """Whether the entry is a symbolic link."""
        return self.mode == SYMLINK


def is_scattered(entry: Entry) -> bool:
    """Tell whether an entry can matter to what lies elsewhere: a link, or a file named ATTRIBUTES."""
    mode = entry.mode
    return mode == SYMLINK or (is_attributes(entry.path) and mode in (FILE, EXECUTABLE))


def is_attributes(path: str) -> bool:
    """Tell whether git looks at a path for attributes, where there is a file."""
    return path.endswith(ATTRIBUTES) and path.rpartition("/")[2] == ATTRIBUTES


class OnDisk(io.FileIO):
    """A regular file of the work tree, open for reading, unbuffered. size: its bytes when it was opened."""

    __slots__ = ("size",)
    size: int


class Tree(Protocol):
    """What mbuild needs of a tree. Implementations are immutable: the same question has the same answer."""

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path, or None (also for a folder)."""
        ...

    def expect(self, paths: Collection[str]) -> None:
        """Get ready for questions about files: they are looked up and read together. Changes no answer."""
        ...

    def expect_below(self, folders: Collection[str]) -> None:
        """Get ready for questions about what is below folders: these are read together. Changes no answer."""
        ...

    def below(self, folder: str, levels: int | None = None) -> Sequence[Entry]:
        """Return every entry below a folder, sorted by path; ``""`` is the git root.

        levels: only those so many levels down.
        """
        ...

    def folder(self, path: str) -> bool:
        """Tell whether something is below a folder."""
        ...

    def scattered(self) -> Sequence[Entry]:
        """Return what counts wherever it lies (``is_scattered``), sorted by path: links, and attributes files."""
        ...

    def read(self, entry: Entry) -> bytes:
        """Return the content of a file, or the target of a link."""
        ...

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a file for reading, without following links and without ever blocking.

        What is read from disk is an OnDisk, so that nobody has to ask for its size again.
        """
        ...

    def sizes(self, entries: Iterable[Entry]) -> Sequence[int]:
        """Return the size of each in bytes, -1 for a submodule."""
        ...


MOST_LINKS = 40
"""How many links are followed before a path is taken for a circle: Linux's own limit (``MAXSYMLINKS``)."""


def file_at(tree: Tree, path: str) -> Entry | None:
    """Return the file or link at exactly this path: a submodule has no content."""
    entry = tree.entry(path)
    return None if entry is None or entry.mode == SUBMODULE else entry


def follow(tree: Tree, path: str) -> Entry | None:
    """Return the file a path leads to when links on the way are followed, or None: nothing, or outside of the tree."""
    for _ in range(MOST_LINKS):
        found = tree.entry(path)
        if found is not None and not found.is_link:
            return found
        step = _one_link(tree, path.split("/"))
        if step is None:
            return None
        path = step
    return None


def follow_inside(tree: Tree, path: str, passed: set[str] | None = None) -> tuple[str, Entry | None]:
    """Return the last path that BuildKit's client comes to when it looks for a file, and the file there, if any.

    It is given the folder, which is opened as any program does, and looks for the name in there: a link to an absolute
    path begins at the folder, and ``..`` stops there (fsutil ``followlinks.go``, BuildKit ``frontend/dockerui``).
    passed: takes the links on the way.
    """
    found = tree.entry(path)
    if found is not None and not found.is_link:
        return path, found
    folder, _, name = path.rpartition("/")
    root = follow_folder(tree, folder, passed)
    if root is None:
        return path, None
    before = f"{root}/" if root else ""
    for _ in range(MOST_LINKS):
        path = before + name
        found = tree.entry(path)
        if found is not None and not found.is_link:
            return path, found
        step = _one_link(tree, name.split("/"), before, passed)
        if not step:
            break
        name = step
    return path, None


def follow_folder(tree: Tree, path: str, passed: set[str] | None = None) -> str | None:
    """Return the folder a path leads to, links on the way followed, or None: nothing there, or outside of the tree.

    passed: takes the links on the way.
    """
    for _ in range(MOST_LINKS):
        if not path or tree.folder(path):
            return path
        step = _one_link(tree, path.split("/"), passed=passed)
        if step is None:
            return None
        path = "" if step == "." else step
    return None


def _one_link(tree: Tree, parts: list[str], inside: str | None = None, passed: set[str] | None = None) -> str | None:
    """Replace the first link on a path by where it points; None where there is none, or it leaves the tree.

    inside: a folder, with ``/`` behind it, that the path is relative to and that nothing leaves.
    passed: takes the link.
    """
    for count in range(1, len(parts) + 1):
        entry = tree.entry((inside or "") + "/".join(parts[:count]))
        if entry is not None and entry.is_link:
            if passed is not None:
                passed.add(entry.path)
            target = decode(tree.read(entry))
            above = "/".join(parts[: count - 1])
            if inside is not None:
                return posixpath.normpath(posixpath.join("/", above, target, *parts[count:])).lstrip("/")
            joined = posixpath.normpath(posixpath.join(above, target, *parts[count:]))
            return None if joined.startswith(("/", "..")) else joined
    return None


def is_within(path: str, folder: str, levels: int | None) -> bool:
    """Tell whether a path that lies below a folder lies so many levels down at most."""
    return levels is None or path.count("/", len(folder) + 1 if folder else 0) < levels


def decode(raw: bytes) -> str:
    """Turn git's bytes into a path, losing nothing."""
    return raw.decode("utf-8", "surrogateescape")


def encode(path: str) -> bytes:
    """Turn a path back into git's bytes."""
    return path.encode("utf-8", "surrogateescape")
