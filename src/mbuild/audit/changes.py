"""What differs between two trees, by their listings alone: git's diff is not asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mbuild.tree import Entry


def changed_paths(old: Iterable[Entry], new: Iterable[Entry]) -> Mapping[str, str]:
    """Return the paths at which two listings differ, sorted: ``added``, ``deleted``, ``modified`` or ``mode``."""
    before, after = ({each.path: each for each in listing} for listing in (old, new))
    paths = sorted(before.keys() | after.keys())
    return {path: kind for path in paths if (kind := _kind(before.get(path), after.get(path)))}


def _kind(old: Entry | None, new: Entry | None) -> str:
    if old is None or new is None:
        return "added" if new is not None else "deleted"
    if old.oid != new.oid:
        return "modified"
    return "mode" if old.mode != new.mode else ""
