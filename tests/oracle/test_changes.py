"""Random monorepos and edits: what the changed paths say is what looking at every file of every image says."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.changes import between, odd_entries, scattered_after
from mbuild.errors import DockerfileError
from mbuild.graph import verdict
from mbuild.graph.affected import affected
from mbuild.graph.build import build_graph
from mbuild.graph.defined import Defined
from mbuild.graph.frozen import freeze, thaw
from mbuild.graph.node import Graph
from mbuild.graph.readers import read_paths, unread
from mbuild.graph.refresh import refresh, workshop
from mbuild.images import ImageDef, Project
from mbuild.tree import is_scattered
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
    assert [*scattered_after(MemoryTree(before).scattered(), changes)] == [*MemoryTree(after).scattered()]


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
    answer = affected([old], new, [changes])
    assert answer.taken.isdisjoint(slow)
    assert set(unread(changes, old, new, answer.idle)) == slow


def said(graph: Graph) -> object:
    """Return all that a graph says."""
    nodes = {
        name: (each.summary, each.definition, each.outline, each.fingerprint) for name, each in graph.nodes.items()
    }
    children = {name: sorted(each) for name, each in graph.images.children.items() if each}
    return nodes, graph.order, children, [graph.images.written(name) for name in graph.images.names]


def again(graph: Graph, files: Files) -> Graph:
    return thaw(memoryview(freeze(graph, ())), MemoryTree(files), "linux/amd64")[0]


@settings(max_examples=EXAMPLES * 2)
@given(st.data())
def test_a_graph_made_from_the_one_before_is_the_same(data: st.DataObject) -> None:
    before = without_shadows(data.draw(monorepos()))
    after = data.draw(edited(before))
    args = [data.draw(st.sampled_from(["", "lib"])) for _ in range(3)]
    old = graph_of(before, definitions(args))
    if old is None:
        return
    then: tuple[ImageDef, ...] | None = None
    if data.draw(st.booleans()):
        then = definitions([data.draw(st.sampled_from(["", "lib"])) for _ in range(3)])
        then = tuple(each for each in then if each.name != data.draw(st.sampled_from(["", "base", "one"])))
    tree, changes = MemoryTree(after), between(MemoryTree(before), MemoryTree(after))
    try:
        new = build_graph(Project(then or definitions(args)), tree, "linux/amd64")
    except DockerfileError as error:
        wrong = error.problems
    else:
        base, stated = again(old, before), Defined(then) if then else None
        fresh = refresh(base, stated, tree, changes)
        assert said(fresh) == said(new) == said(again(new, after))
        answer, lost = affected([again(old, before)], fresh, [changes]), unread(changes, old, new)
        assert answer == affected([old], new)
        assert answer.taken.isdisjoint(lost)
        assert unread(changes, again(old, before), fresh, answer.idle) == lost
        told = {"redefined": then is not None, "scattered": any(map(is_scattered, odd_entries(changes)))}
        raw = verdict.freeze(base, verdict.Verdict(fresh, answer, lost), **told)
        if raw is not None:
            base, value = again(old, before), verdict.read(raw)
            shop = workshop(base, stated, tree, (lambda: changes) if value["scattered"] else None)
            kept = verdict.thaw(value, base, shop)
            assert (said(kept.graph), kept.affected, kept.unowned) == (said(new), answer, lost)
            assert value.items() >= told.items()
            assert [*kept.graph.workshop.scattered()] == [*tree.scattered()]
        return
    try:
        refresh(again(old, before), Defined(then) if then else None, tree, changes)
    except DockerfileError as error:
        assert error.problems == wrong
    else:
        raise AssertionError("the refreshed graph has no problems")
