"""A glance at git's index: its bytes tell that there is none of something among all its files, without reading them.

What git prints of 200,000 files takes it 100 to 200 ms, and whoever reads that as long again; to search 20 MB takes 20.
The formats are those of gitformat-index(5). Of an index of another kind (newer, split, sparse) nothing is said.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from mbuild.errors import GitError
from mbuild.expressions import expression
from mbuild.git.cachetree import tree_of
from mbuild.git.door import Git
from mbuild.git.scan import scan
from mbuild.process.gate import waiting
from mbuild.tree import ATTRIBUTES, decode

MOST_PATHS = 1000
"""How many paths are worth looking up one by one: where there are more, git is asked for all."""

# An entry: times and places, 4 bytes of its mode, 12 of owners and size, its object id, 2 of flags (and 2 more where
# those say so), its path, NUL.
_AFTER_MODE = 12
_MORE_FLAGS, _LENGTH = 0x4000, 0xFFF
_MOST_BEFORE = 4  # bytes of flags before a path
_LONG, _LONGEST = 1 << 13, 1 << 16  # of the bytes from the mode to the end of the path

# The first byte of what is searched for is a rare one: what begins with NUL takes four times as long.
_FILE = rb"\x81.(?<=\0\0..)"
_LINK = rb"\xa0\0(?<=\0\0\xa0\0)"
_SUBMODULE = rb"\xe0\0(?<=\0\0\xe0\0)"
_FOLDER = rb"@\0(?<=\0\0@\0)"  # in a sparse index: it stands for all that is in it
_HIDDEN = rb"[\x40-\xff]"  # flags: assume-unchanged, or more of them

_DIFFERING = ("-z", "--name-only", "--no-renames", "--no-relative", "--ignore-submodules=none")
_NAME = expression(rb"[^\0]+")

_CHUNK = 1 << 18
_OVERLAP = 64


def may_be_scattered(git: Git, commit: str, id_bytes: int) -> list[str] | None:
    """Return paths, among them those of all links and attributes files of a commit. None: only all its tree can tell.

    One of the commit is in the index as well, or it is among what differs between the two.
    id_bytes: 20 for sha1, 32 for sha256.
    """
    try:
        with _opened(git, id_bytes) as index:
            links, folders = index.entries(_LINK, _FOLDER)
            if folders:
                return None
            named = index.named(git, ATTRIBUTES.encode())
            paths = {*links, *named, *islice(index.differing(git, commit), MOST_PATHS + 1)}
            return [decode(each) for each in paths] if len(paths) <= MOST_PATHS and index.is_of(git) else None
    except (OSError, GitError, _Unknown):
        return None


def may_be_odd(git: Git, id_bytes: int) -> bool:
    """Tell whether the index may have hidden files (assume-unchanged, skip-worktree) or submodules.

    id_bytes: 20 for sha1, 32 for sha256.
    """
    # Looked at and not taken: what looks like a mode may stand right before one.
    flags = b"(?=.{%d}%b)" % (_AFTER_MODE + id_bytes, _HIDDEN)
    try:
        with _opened(git, id_bytes) as index:
            return any(index.entries(_FILE + flags, _LINK + flags, _SUBMODULE, _FOLDER))
    except (OSError, _Unknown):
        return True


class _Unknown(Exception):  # noqa: N818 - not an error: git has to be asked
    pass


@contextmanager
def _opened(git: Git, id_bytes: int) -> Iterator[_Index]:
    """Open the index. Raises OSError, and _Unknown where it does not have all files."""
    # What a split index shares with others is in a file of this name beside it (gitrepository-layout(5)).
    with os.scandir(git.git_dir) as found:
        if any(each.name.startswith("sharedindex.") for each in found):
            raise _Unknown
    with io.FileIO(git.git_dir / "index") as file:
        yield _Index(file, id_bytes)


class _Index:
    """An index that is open."""

    def __init__(self, file: io.FileIO, id_bytes: int) -> None:
        """Read the beginning. Raises _Unknown where its version is not known."""
        self._file, self._id_bytes = file, id_bytes
        head = os.pread(file.fileno(), 8, 0)
        self._version = int.from_bytes(head[4:], "big")
        if head[:4] != b"DIRC" or self._version not in (2, 3, 4):
            raise _Unknown

    def is_of(self, git: Git) -> bool:
        """Tell whether git still has this index: it never changes one, but puts another in its place."""
        return os.path.samestat((git.git_dir / "index").stat(), os.fstat(self._file.fileno()))

    def entries(self, *modes: bytes) -> list[list[bytes]]:
        """Return the paths of the entries with modes that expressions find (and what is as near to those as _OVERLAP).

        Raises _Unknown where what is found cannot be read.
        """
        found = self._places([re.compile(each, re.DOTALL) for each in modes])
        # Of version 4 an entry has only the end of its path. What looks like a mode is mostly the size of a file.
        if sum(map(len, found)) > (0 if self._version == 4 else MOST_PATHS):
            raise _Unknown
        return [[path for place in sorted(places) if (path := self._path(place))] for places in found]

    def named(self, git: Git, name: bytes) -> set[bytes]:
        """Return paths, among them those of all files of a name. Raises _Unknown where there are too many."""
        if self._version == 4:
            # As much as the file before it begins with is not written: git knows what that is.
            listed = scan(git, ("ls-files", "-z"), _NAME.findall)
            return {each for each in listed if each.endswith(name)}
        (places,) = self._places([re.compile(rb"%b\0" % re.escape(name))])
        if len(places) > MOST_PATHS:
            raise _Unknown
        return {path for place in places for path in self._paths_to(place, place + len(name))}

    def differing(self, git: Git, commit: str) -> Iterator[bytes]:
        """Yield the paths at which the index and a commit differ. Raises GitError."""
        tree = tree_of(self._file, self._id_bytes)
        if tree is None:
            return scan(git, ("diff-index", "--cached", *_DIFFERING, commit, "--"), _NAME.findall)
        # Where the index has a tree, git compares two trees, which it does without reading the index.
        return scan(git, ("diff-tree", "-r", *_DIFFERING, tree, commit, "--"), _NAME.findall, index=False)

    def _paths_to(self, name: int, end: int) -> Iterator[bytes]:
        """Yield what may be the path of the entry whose path ends at a place: its length stands before it.

        name: where its last part begins, at the latest.
        """
        begin = max(0, name - _LONGEST)
        raw = os.pread(self._file.fileno(), end - begin, begin)
        first = raw.rfind(b"\0", 0, name - begin) + 1  # a path holds none
        if first < _MOST_BEFORE:
            raise _Unknown
        for at in range(first, name - begin + 1):
            short, long = (int.from_bytes(raw[at - size : at - size + 2], "big") for size in (2, _MOST_BEFORE))
            if self._is_length(short, len(raw) - at) or (long & _MORE_FLAGS and self._is_length(long, len(raw) - at)):
                yield raw[at:]

    @staticmethod
    def _is_length(flags: int, length: int) -> bool:
        return flags & _LENGTH == min(length, _LENGTH)

    def _places(self, wanted: Sequence[re.Pattern[bytes]]) -> list[set[int]]:
        found: list[set[int]] = [set() for _ in wanted]
        # One piece of memory for all: the system takes time to give new ones.
        piece = bytearray(_OVERLAP + _CHUNK)
        room, kept, begin = memoryview(piece), 0, self._file.seek(0)
        with waiting():  # so that a graph can be begun meanwhile
            while count := self._file.readinto(room[kept : kept + _CHUNK]):
                end = kept + count
                for places, each in zip(found, wanted, strict=True):
                    places |= {begin + match.start() for match in each.finditer(piece, 0, end)}
                kept = min(end, _OVERLAP)
                room[:kept] = piece[end - kept : end]
                begin += end - kept
        return found

    def _path(self, mode: int, most: int = _LONG) -> bytes:
        """Return the path of the entry with a mode at a place, none where that is no entry."""
        raw = os.pread(self._file.fileno(), most, mode - 2)[4 + _AFTER_MODE + self._id_bytes :]
        flags = int.from_bytes(raw[:2], "big")
        name = raw[4 if flags & _MORE_FLAGS else 2 :]
        length = flags & _LENGTH
        if length == _LENGTH:  # or more: then it ends where the first NUL is, as it always does
            length = name.find(b"\0")
            if length < 0 and most == _LONGEST:
                raise _Unknown
            if length < 0:
                return self._path(mode, _LONGEST)
        return name[:length] if name[length : length + 1] == b"\0" and b"\0" not in name[:length] else b""
