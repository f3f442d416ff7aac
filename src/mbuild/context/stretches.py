"""Which stretches of a listing an ignore file keeps out as a whole: it is asked about folders, not about their files.

Ignore files often keep out all but a few folders of a big context root. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter

from mbuild.dockerfile.ignore import IgnoreMatcher
from mbuild.tree import Entry

Stretch = tuple[range, str]
"""Positions, and the folder that is ignored with all that lies in it, "" where they have to be asked about."""

FEW = 200
"""Entries that are asked about one by one: to look for folders takes as long."""

_PATH = attrgetter("path")


def stretches(listing: Sequence[Entry], ignore: IgnoreMatcher) -> Iterator[Stretch]:
    """Yield the positions of all entries, in order; they are sorted by path, as ``str`` compares."""
    if len(listing) <= FEW:
        yield range(len(listing)), ""
        return
    at = begin = 0
    known = shut = ""
    while at < len(listing):
        folder = listing[at].path.rpartition("/")[0]
        if folder != known:
            known, shut = folder, ignore.shut_from(folder)
        if shut:
            if begin < at:
                yield range(begin, at), ""
            begin, at = at, bisect_left(listing, f"{shut}0", at, key=_PATH)  # "0" is the character after "/"
            yield range(begin, at), shut
            begin = at
        else:
            at += 1
    if begin < at:
        yield range(begin, at), ""
