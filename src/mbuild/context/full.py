"""What a plain ``docker build`` of the same context root would have sent: everything but what the ignore file names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher
from mbuild.tree import Entry
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A number of files and their bytes."""

    files: int = 0
    bytes: int = 0


def on_disk(folder: Path, lines: tuple[IgnoreLine, ...]) -> Size:
    """Count the files below a folder, git's own and those that git ignores included, as ``docker build`` would."""
    matcher = IgnoreMatcher(lines) if lines else None
    files = total = 0
    pending = [(os.fspath(folder), "")]
    while pending:
        path, prefix = pending.pop()
        for each in _scan(path):
            name = prefix + each.name
            ignored = matcher is not None and matcher.ignored(name)
            if each.is_dir(follow_symlinks=False):
                if not ignored or (matcher is not None and matcher.may_reinclude_below(name)):
                    pending.append((each.path, name + "/"))
            elif not ignored:
                files += 1
                total += _size(each)
    return Size(files, total)


def in_tree(listing: Iterable[Entry], lines: tuple[IgnoreLine, ...]) -> list[Entry]:
    """Return the entries of a commit (paths relative to the context root) that would be sent."""
    matcher = IgnoreMatcher(lines) if lines else None
    return [each for each in listing if matcher is None or not matcher.ignored(each.path)]


def _scan(path: str) -> list[os.DirEntry[str]]:
    """List a folder; one that cannot be read would fail a plain build, so here it just counts for nothing."""
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:
        return []


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
