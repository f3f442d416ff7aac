"""What comparing two trees found, as bytes and back."""

from __future__ import annotations

import pytest

from mbuild.graph import verdict
from mbuild.graph.affected import affected
from mbuild.graph.defined import Defined, Definitions
from mbuild.graph.node import Graph
from mbuild.graph.readers import unread
from mbuild.graph.refresh import refresh, workshop
from mbuild.images import ImageDef
from tests.graph.test_affected import FILES, Files, graph, image
from tests.graph.test_refresh import changes, said
from tests.trees import MemoryTree

BASE, API = image("base"), image("api", root="")


def told(
    after: Files, then: tuple[ImageDef, ...] | None = None
) -> tuple[Graph, verdict.Verdict, bytes | None, Definitions | None]:
    """Return the graph at a tree, what comparing it with FILES finds, that as bytes, and its definitions."""
    old, tree, found = graph(FILES, BASE, API), MemoryTree(after), changes(FILES, after)
    definitions = Defined(then) if then else None
    new = refresh(old, definitions, tree, found)
    made = verdict.Verdict(new, affected([old], new, [found]), unread(found, old, new))
    return new, made, verdict.freeze(old, made, redefined=bool(then), scattered=False), definitions


@pytest.mark.parametrize(
    ("after", "then"),
    [
        ({"libs/a/x.py": "x = 2\n", "new": ""}, None),
        ({"base/Dockerfile": "FROM scratch\nENV A=1\n"}, None),
        ({"api/Dockerfile": "FROM scratch\nCOPY libs /\n"}, None),
        ({}, (BASE, API, image("more", "base/Dockerfile"))),
        ({}, (BASE,)),
        ({}, (BASE, image("api", root="", args=(("A", "1"),)))),
    ],
)
def test_what_was_found_is_found_again(after: Files, then: tuple[ImageDef, ...] | None) -> None:
    new, made, raw, definitions = told({**FILES, **after}, then)
    assert raw is not None
    value, old = verdict.read(raw), graph(FILES, BASE, API)
    assert (value["redefined"], value["scattered"]) == (bool(then), False)
    again = verdict.thaw(value, old, workshop(old, definitions, MemoryTree({**FILES, **after}), None))
    assert said(again.graph) == said(new)
    paths = MemoryTree({**FILES, **after}).below("")
    assert [again.graph.owns(each.path, each) for each in paths] == [new.owns(each.path, each) for each in paths]
    assert (again.affected, again.unowned) == (made.affected, made.unowned)


def test_of_a_graph_that_was_made_anew_nothing_is_kept() -> None:
    """Where links changed, every image was looked at again."""
    *_, raw, _ = told({**FILES, "libs/a/x.py": ("link", "y.py")})
    assert raw is None


def test_nothing_is_kept_of_a_graph_that_was_made_from_another_one() -> None:
    """It would be found again from a graph that has other images, or none."""
    _, made, raw, _ = told({**FILES, "base/Dockerfile": "FROM scratch\nENV A=1\n"})
    assert raw is not None
    assert verdict.freeze(graph(FILES, BASE), made, redefined=False, scattered=False) is None


@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"{}", b'"redefined scattered"', b'{"redefined":true}'])
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"no verdict|Expecting value"):
        verdict.read(raw)
