"""The order in which a context is sent, and its digest. Pure."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from mbuild.errors import GitError
from mbuild.tree import Entry, decode, encode

FOLDER = 0o040000
"""Git's mode of a tree: here, of a folder that is in a context without anything in it."""

Item = tuple[bytes, Entry | None]
"""A name relative to the context root, in git's bytes, and the entry there; None: a folder."""

Named = tuple[bytes, Entry]

# A part that is empty, "." or "..", in names joined by NUL.
_NO_NAME = re.compile(rb"(?:[/\0]|\A)\.{0,2}(?=[/\0]|\Z)")


class Conflict(Exception):  # noqa: N818 - a finding; who sends the context says what it means
    """One entry lies below another. entry: the upper one."""

    def __init__(self, entry: Entry) -> None:
        """Take the upper entry."""
        super().__init__(entry.path)
        self.entry = entry


def context_digest(root: str, entries: Iterable[Entry], folders: Iterable[str] = ()) -> str:
    """Return ``sha256:`` and the hex digest of a context's content: the same in every clone, wherever its root lies.

    Hashed are, sorted by path, (path relative to the context root, git mode as six octal digits, object id in hex),
    each field with its length in front (8 bytes, big endian). Empty folders count with git's mode of a tree and no id.
    """
    return digest_of(ordered(root, entries, folders))


def digest_of(named: Sequence[Named]) -> str:
    """Return the digest of what ``ordered`` returned."""
    return digest_of_records([records(named)])


def digest_of_records(parts: Iterable[bytes]) -> str:
    """Return the digest of what ``records`` returned, for one part of a context after the other."""
    state = hashlib.sha256()
    for each in parts:
        state.update(each)
    return f"sha256:{state.hexdigest()}"


def records(named: Sequence[Named]) -> bytes:
    """Return what is hashed of what ``ordered`` returned."""
    # Between a name and an id stand the mode and the length of the id: few things, many times.
    kinds = {(each.mode, len(each.oid)) for _, each in named}
    between = {kind: _field(b"%06o" % kind[0]) + kind[1].to_bytes(8, "big") for kind in kinds}
    return b"".join(
        [
            b"%b%b%b%b" % (len(name).to_bytes(8, "big"), name, between[each.mode, len(each.oid)], each.oid.encode())
            for name, each in named
        ]
    )


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(8, "big") + content


def items_of(named: Sequence[Named]) -> Iterator[Item]:
    """Yield what ``ordered`` returned, every folder before the first thing in it. Raises Conflict."""
    inside = b""
    for name, entry in named:
        folder = name if entry.mode == FOLDER else name.rpartition(b"/")[0]
        if folder != inside:
            for each in _entered(inside, folder):
                _refuse_entry_at(each, named)
                yield each, None
            inside = folder
        if entry.mode != FOLDER:
            yield name, entry


def _entered(inside: bytes, folder: bytes) -> Iterator[bytes]:
    """Yield the folders on the way to ``folder`` that ``inside`` is not in."""
    end = 0
    while 0 <= end < len(folder):
        end = folder.find(b"/", end + 1)
        each = folder[:end] if end >= 0 else folder
        if inside != each and not inside.startswith(each + b"/"):
            yield each


def _refuse_entry_at(folder: bytes, named: Sequence[Named]) -> None:
    at = bisect.bisect_left(named, folder, key=_position)
    if at < len(named) and _position(named[at]) == folder:
        raise Conflict(named[at][1])


def ordered(root: str, entries: Iterable[Entry], folders: Iterable[str] = ()) -> list[Named]:
    """Return entries with their names relative to the context root, sorted by the bytes of these.

    root, entries, folders: as in ``ContextSource``; folders are left out where something in them shows them.
    Raises GitError for a name that no folder can hold, and ValueError for entries outside of the root or doubled.
    """
    cut = len(root) + 1 if root else 0
    found = [(encode(each.path[cut:]), each) for each in entries]
    if root and not all(each.path.startswith(f"{root}/") for _, each in found):
        raise ValueError(f"a context has entries outside of its root {root}")
    empty = [(encode(each), Entry(each, FOLDER, "")) for each in set(folders) if each not in ("", ".")]
    if not empty:
        found.sort(key=_NAME)
        _check(found)
        return found
    found = sorted(found + empty, key=_position)
    _check(found)
    return [
        one for one, other in itertools.pairwise([*found, _LAST]) if one[1].mode != FOLDER or not _shows(other, one)
    ]


_NAME = itemgetter(0)
_LAST = (b"", Entry("", FOLDER, ""))


def _shows(item: Named, folder: Named) -> bool:
    return item[0].startswith(folder[0] + b"/")


def _position(item: Named) -> bytes:
    """A folder stands where the things in it stand: after ``a-b``, before ``a0``."""
    return item[0] + b"/" if item[1].mode == FOLDER else item[0]


def _check(found: Sequence[Named]) -> None:
    joined = b"\0".join(name for name, _ in found)
    bad = _NO_NAME.search(joined) if found else None
    if bad is not None:
        raise GitError(f"{_around(joined, bad.start())!r} is no path that a folder can hold")
    if len({name for name, _ in found}) == len(found):
        return
    for one, other in itertools.pairwise(found):
        if one[0] == other[0] and FOLDER not in (one[1].mode, other[1].mode):
            raise ValueError(f"{one[1].path} is twice in a context")


def _around(joined: bytes, at: int) -> str:
    at += joined[at : at + 1] == b"\0"
    return decode(joined[joined.rfind(b"\0", 0, at) + 1 :].partition(b"\0")[0])
