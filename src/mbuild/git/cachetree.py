"""The tree that all files of git's index make, where the index says it: gitformat-index(5), "Cache tree"."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator

_NAME = b"TREE"
_HEAD = struct.Struct(">4sI")
"""Before an extension: its name, and how many bytes follow."""

_ROOT = re.compile(rb"\0(\d+) \d+\n")
"""The first line of the extension: no path, how many files, how many folders. With -1 files it is of no use."""

_COUNT = slice(8, 12)
"""Where an index says how many files it has."""

_CHUNK = 1 << 18
_MOST = 1 << 25
"""Bytes at the end of an index that are searched: a folder takes some 40 of them."""


def tree_of(file: io.FileIO, id_bytes: int) -> str | None:
    """Return the id of the tree that an index makes; None where it does not say, as when something was added since.

    file: the index, open. id_bytes: of an object id. Git trusts what it says in the same way: ``git diff-index
    --cached`` passes over what that and the commit have in common.
    """
    end = os.fstat(file.fileno()).st_size - id_bytes  # a checksum is the last
    begin = next((each for each in _named(file, end) if _are_extensions(file, each, end)), None)
    if begin is None:
        return None
    raw = os.pread(file.fileno(), _HEAD.size + 64 + id_bytes, begin)[_HEAD.size :]
    root, count = _ROOT.match(raw), int.from_bytes(os.pread(file.fileno(), 12, 0)[_COUNT], "big")
    if root is None or int(root[1]) != count:
        return None
    oid = raw[root.end() : root.end() + id_bytes]
    return oid.hex() if len(oid) == id_bytes else None


def _named(file: io.FileIO, end: int) -> Iterator[int]:
    """Yield where the name of the extension stands, the last place first."""
    begin = end
    while begin > max(0, end - _MOST):
        start = max(0, begin - _CHUNK)
        piece = os.pread(file.fileno(), begin - start + len(_NAME) - 1, start)
        at = piece.rfind(_NAME)
        while at >= 0:
            yield start + at
            at = piece.rfind(_NAME, 0, at)
        begin = start


def _are_extensions(file: io.FileIO, at: int, end: int) -> bool:
    """Tell whether extensions stand from a place to the end of an index, one behind the other."""
    while at <= end - _HEAD.size:
        name, length = _HEAD.unpack(os.pread(file.fileno(), _HEAD.size, at))
        if not name.isalpha():
            return False
        at += _HEAD.size + length
    return at == end
