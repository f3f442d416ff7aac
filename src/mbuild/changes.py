"""What differs between two trees at one path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mbuild.tree import EXECUTABLE, FILE, Entry, Tree, is_attributes, is_scattered
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs. kind: ``added``, ``modified`` (type changes too), ``deleted`` or ``mode`` (exec bit only).

    old and new: the entries before and after, None where the path did not exist.
    """

    path: str
    kind: str
    old: Entry | None
    new: Entry | None


def compare(path: str, old: Entry | None, new: Entry | None) -> Change | None:
    """Return the change at a path, or None where both are the same (sizes are set aside)."""
    if old is None or new is None:
        if old is new:
            return None
        return Change(path, "added" if old is None else "deleted", old, new)
    if (old.mode, old.oid) == (new.mode, new.oid):
        return None
    exec_bit = old.oid == new.oid and {old.mode, new.mode} == {FILE, EXECUTABLE}
    return Change(path, "mode" if exec_bit else "modified", old, new)


_FILES = (FILE, EXECUTABLE)


def odd_entries(changes: Iterable[Change]) -> list[Entry]:
    """Return what changed and can matter to what lies elsewhere: links, submodules, attributes files; old and new."""
    entries = [entry for change in changes for entry in (change.old, change.new) if entry is not None]
    return [each for each in entries if each.mode not in _FILES or is_attributes(each.path)]


def scattered_after(known: Sequence[Entry], changes: Iterable[Change]) -> Sequence[Entry]:
    """Return ``Tree.scattered`` of a tree, from that of another and all that differs between the two."""
    found = {each.path: each for each in known}
    for change in changes:
        found.pop(change.path, None)
        if change.new is not None and is_scattered(change.new):
            found[change.path] = change.new
    return tuple(found[path] for path in sorted(found))


def between(old: Tree, new: Tree) -> list[Change]:
    """Return what differs between two trees by listing both, in no order."""
    before = {each.path: each for each in old.below("")}
    after = {each.path: each for each in new.below("")}
    both = (compare(path, before.get(path), after.get(path)) for path in before.keys() | after.keys())
    return [change for change in both if change is not None]
