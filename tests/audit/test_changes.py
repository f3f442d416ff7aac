from __future__ import annotations

from mbuild.audit.changes import changed_paths
from mbuild.tree import EXECUTABLE, FILE, SYMLINK, Entry


def test_all_kinds() -> None:
    old = [Entry("gone", FILE, "1"), Entry("kept", FILE, "2", 5), Entry("mode", FILE, "3"), Entry("text", FILE, "4")]
    new = [
        Entry("come", SYMLINK, "1"),
        Entry("kept", FILE, "2"),
        Entry("mode", EXECUTABLE, "3"),
        Entry("text", FILE, "5"),
    ]
    found = changed_paths(old, new)
    assert list(found.items()) == [("come", "added"), ("gone", "deleted"), ("mode", "mode"), ("text", "modified")]
