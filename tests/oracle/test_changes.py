"""Random monorepos and edits: what the changed paths say is what looking at every file of every image says."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.changes import between
from mbuild.graph.affected import affected
from mbuild.graph.node import Graph
from mbuild.graph.readers import read_paths, unread
from tests.oracle.test_soundness import EXAMPLES, Files, definitions, edited, graph_of, monorepos, without_shadows
from tests.trees import MemoryTree


def graphs(data: st.DataObject) -> tuple[Files, Files, list[Graph]] | None:
    before = without_shadows(data.draw(monorepos()))
    after = data.draw(edited(before))
    args: Sequence[str] = [data.draw(st.sampled_from(["", "", "lib", "src"])) for _ in range(3)]
    old, new = graph_of(before, definitions(args)), graph_of(after, definitions(args))
    return None if old is None or new is None else (before, after, [old, new])


@settings(max_examples=EXAMPLES * 2)
@given(st.data())
def test_changes_save_work_and_alter_nothing(data: st.DataObject) -> None:
    drawn = graphs(data)
    if drawn is None:
        return
    before, after, (old, new) = drawn
    changes = between(MemoryTree(before), MemoryTree(after))
    assert affected([old], new, [changes]) == affected([old], new)


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_the_index_knows_who_reads_a_path(data: st.DataObject) -> None:
    drawn = graphs(data)
    if drawn is None:
        return
    before, after, (old, new) = drawn
    changes = between(MemoryTree(before), MemoryTree(after))
    slow = {each.path for each in changes} - read_paths([old, new])
    assert set(unread(changes, old, new)) == slow
