"""The files of a whole tree: git's own output kept as bytes and searched by bisection.

200,000 files are 20 MB of bytes and no Python objects; entries are made for what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from mbuild.errors import GitError
from mbuild.tree import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, decode, encode

_LINK = b"120000 "
_FEW = 2000  # looking one path up by bisection costs some 15 µs, going through 200,000 records 50 ms
_UPWARDS = re.compile(rb"[\t/]\.\.[/\0]")


def file_mode(mode: int) -> int:
    """Return one of the four modes of an entry. Old trees hold others (100664); git itself reads them like this."""
    if mode in (SYMLINK, SUBMODULE):
        return mode
    return EXECUTABLE if mode & 0o100 else FILE


def in_order(entries: list[Entry]) -> tuple[Entry, ...]:
    """Return entries sorted by path as ``str`` compares. Git sorts by bytes: only escaped bytes make a difference."""
    return tuple(sorted(entries, key=lambda each: each.path))


class Listing:
    """What ``git ls-tree -r -z --full-tree`` printed: ``MODE TYPE OID TAB PATH NUL``; sorted by path bytes."""

    def __init__(self, raw: bytes) -> None:
        """Take git's output. Raises GitError for ``..`` in a path."""
        if b".." in raw and _UPWARDS.search(raw):
            raise GitError("the tree holds a path with '..', which git itself refuses to check out")
        self._raw = raw

    def entry(self, path: str) -> Entry | None:
        """Return the entry at exactly this path."""
        name = encode(path)
        start = self._first_from(name)
        end = self._raw.find(b"\0", start)
        if end < 0 or self._path(start) != name:
            return None
        return self._make(self._raw[start:end])

    def find(self, paths: Collection[str]) -> dict[str, Entry]:
        """Return the entries at those of the paths where there is one."""
        if len(paths) < _FEW:
            return {path: entry for path in paths if (entry := self.entry(path)) is not None}
        wanted = {encode(path) for path in paths}
        records = (record for record in self._raw.split(b"\0") if record[record.find(b"\t") + 1 :] in wanted)
        return {entry.path: entry for entry in (self._make(record) for record in records)}

    def below(self, folder: str) -> tuple[Entry, ...]:
        """Return every entry below a folder."""
        start, end = 0, len(self._raw)
        if folder:
            start = self._first_from(encode(folder) + b"/")
            end = self._first_from(encode(folder) + b"0")  # "0" is the byte after "/"
        part = self._raw[start:end]
        entries = [self._make(record) for record in part.split(b"\0") if record]
        return tuple(entries) if part.isascii() else in_order(entries)

    def folder(self, path: str) -> bool:
        """Tell whether something is below a folder."""
        start = self._first_from(encode(path) + b"/") if path else 0
        return start < len(self._raw) and (not path or self._path(start).startswith(encode(path) + b"/"))

    def links(self) -> tuple[Entry, ...]:
        """Return every symbolic link, sorted by path."""
        return in_order([self._make(record) for record in self._link_records()])

    def _link_records(self) -> Iterator[bytes]:
        """Yield the records of links. Plain searching is some fifty times as fast as a pattern for a record."""
        raw = self._raw
        before = -1 if raw.startswith(_LINK) else raw.find(b"\0" + _LINK)
        first = raw.startswith(_LINK)
        while first or before >= 0:
            end = raw.find(b"\0", before + 1)
            yield raw[before + 1 : end]
            first, before = False, raw.find(b"\0" + _LINK, end)

    def _make(self, record: bytes) -> Entry:
        head, _, name = record.partition(b"\t")
        mode, _, oid = head.split(b" ")
        return Entry(decode(name), _MODES.get(mode) or file_mode(int(mode, 8)), oid.decode())

    def _path(self, start: int) -> bytes:
        return self._raw[self._raw.find(b"\t", start) + 1 : self._raw.find(b"\0", start)]

    def _first_from(self, name: bytes) -> int:
        """Return the position of the first record whose path is not before ``name``."""
        raw = self._raw
        low, high = 0, len(raw)
        while low < high:
            middle = raw.rfind(b"\0", low, (low + high) // 2) + 1 or low
            tab = raw.find(b"\t", middle)
            end = raw.find(b"\0", tab)
            if raw[tab + 1 : end] < name:
                low = end + 1
            else:
                high = middle
        return low


_MODES = {b"100644": FILE, b"100755": EXECUTABLE, b"120000": SYMLINK, b"160000": SUBMODULE}
