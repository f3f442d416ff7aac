"""Random definitions before and after: a graph made from the one before is the one that is made anew.

What the images do is simple; how they are called, under which names others use them and where that stands is not.
"""

from __future__ import annotations

from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.changes import between
from mbuild.errors import DockerfileError, Where
from mbuild.graph.affected import affected
from mbuild.graph.build import build_graph
from mbuild.graph.defined import Defined, freeze_definitions, thaw_definitions
from mbuild.graph.node import Graph
from mbuild.graph.readers import unread
from mbuild.graph.refresh import refresh, workshop
from mbuild.graph.verdict import Verdict, freeze, read, thaw
from mbuild.images import ImageDef, NamedContext, Project
from tests.oracle.test_changes import again, said
from tests.oracle.test_soundness import EXAMPLES, Files, graph_of
from tests.trees import MemoryTree

T = TypeVar("T")

NAMES = ("a", "b", "c", "d")
REFERENCES = ("scratch", "shop/a", "shop/b:2", "c", "d", "other/a", "old:1", "old:2", "docker.io/library/b", "tools")
ALIASES = ("other/a", "old:1", "old", "shop/a", "tools")
CONTEXTS = ("image:a", "image:d", "docker-image://shop/b", "docker-image://old:1", "docker-image://alpine", "files")


def maybe(*options: T) -> st.SearchStrategy[tuple[T, ...]]:
    """Return a strategy for one of them or none; one for lists takes far longer to be made, and is for every image."""
    return st.sampled_from([(), *((each,) for each in options)])


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    lines = [f"FROM {draw(st.sampled_from(REFERENCES))}", draw(st.sampled_from(("", "ENV DIR=y", "ENV DIR=x")))]
    lines += [f"COPY --from={each} /x /" for each in draw(maybe(*REFERENCES[1:]))]
    return "\n".join([*lines, draw(st.sampled_from(("COPY x /", "COPY ${DIR:-x} /", "RUN true")))]) + "\n"


@st.composite
def trees(draw: st.DrawFn) -> Files:
    files: Files = {"files/x": "1", "x": "1"}
    for name in NAMES:
        files |= {f"{name}/x": draw(st.sampled_from("12")), f"{name}/y": "1", f"{name}/Dockerfile": draw(dockerfiles())}
    return files


@st.composite
def projects(draw: st.DrawFn) -> tuple[ImageDef, ...]:
    names = [name for name in NAMES if draw(st.integers(0, 5))]
    return tuple(draw(images(name, names)) for name in names)


@st.composite
def images(draw: st.DrawFn, name: str, names: list[str]) -> ImageDef:
    where = Where("build.yaml", draw(st.integers(1, 2)), 1)
    needed = draw(maybe(*names)) if not draw(st.integers(0, 3)) else ()
    return ImageDef(
        name,
        draw(st.sampled_from((f"shop/{name}", f"shop/{name}", name))),
        draw(st.sampled_from((f"{name}/Dockerfile", f"{name}/Dockerfile", "a/Dockerfile"))),
        draw(st.sampled_from((name, name, ""))),
        aliases=draw(maybe(*ALIASES)),
        contexts=draw(contexts([each for each in names if each != name], where)),
        depends_on=tuple(each for each in needed if each != name),
        platforms=draw(st.sampled_from(((), (), ("linux/arm64",)))),
        tags=draw(st.sampled_from(((), ("latest",)))),
        where=where,
        places=(("depends_on", Where("build.yaml", draw(st.integers(1, 2)), 5)),),
    )


@st.composite
def contexts(draw: st.DrawFn, names: list[str], where: Where) -> tuple[NamedContext, ...]:
    known = [each for each in CONTEXTS if each[6:] in names or not each.startswith("image:")]
    return tuple(context(draw(st.sampled_from(("tools", "old:1"))), each, where) for each in draw(maybe(*known)))


def context(name: str, written: str, where: Where) -> NamedContext:
    if written.startswith("image:"):
        return NamedContext(name, "image", written.removeprefix("image:"), where)
    return NamedContext(name, "folder" if written == "files" else "external", written, where)


def owned(graph: Graph) -> list[str]:
    """Return the paths that some image takes, or is defined by."""
    tree = graph.workshop.tree
    return [each.path for each in tree.below("") if graph.owns(each.path, each)]


@settings(max_examples=EXAMPLES * 4)
@given(trees(), trees(), projects(), projects(), st.sets(st.sampled_from(NAMES)), st.booleans())
def test_a_graph_after_other_definitions_is_the_same(
    before: Files, other: Files, old: tuple[ImageDef, ...], new: tuple[ImageDef, ...], edited: set[str], alike: bool
) -> None:
    graph, new = graph_of(before, old), old if alike else new
    if graph is None:
        return
    after = before | {path: text for path, text in other.items() if path.partition("/")[0] in edited}
    base, tree = again(graph, before), MemoryTree(after)
    changes = between(MemoryTree(before), tree)
    definitions, _ = thaw_definitions(freeze_definitions(Defined(new), ()))
    try:
        anew = build_graph(Project(new), tree, "linux/amd64")
    except DockerfileError as error:
        wrong = error.problems
    else:
        fresh = refresh(base, definitions, tree, changes)
        assert said(fresh) == said(anew)
        differing, lost = affected([base], fresh, [changes]), tuple(unread(changes, base, fresh))
        assert differing == affected([graph], anew)
        assert lost == tuple(unread(changes, graph, anew))
        raw = freeze(base, Verdict(fresh, differing, lost), redefined=True, scattered=True)
        if raw is not None or fresh.images is not base.images:
            assert raw is not None
            kept = thaw(read(raw), again(graph, before), workshop(base, definitions, tree, lambda: changes))
            assert said(kept.graph) == said(anew)
            assert (kept.affected, kept.unowned) == (differing, lost)
            assert owned(kept.graph) == owned(anew)
            fresh = kept.graph
        # And once more, from the patched one, back to what was before.
        back = refresh(fresh, Defined(old), MemoryTree(before), between(tree, MemoryTree(before)))
        assert said(back) == said(graph)
        return
    try:
        refresh(base, definitions, tree, changes)
    except DockerfileError as error:
        assert error.problems == wrong
    else:
        raise AssertionError("the refreshed graph has no problems")


@given(projects())
def test_definitions_are_the_same_as_bytes(project: tuple[ImageDef, ...]) -> None:
    found, beside = thaw_definitions(freeze_definitions(Defined(project), ["x"]))
    assert (tuple(found.all()), beside) == (project, ["x"])
    assert [each.places for each in found.all()] == [each.places for each in project]
    kept = Defined(project)
    for each in project:
        assert found.said(each.name) == kept.said(each.name)
        assert found.platforms(each.name) == kept.platforms(each.name) == each.platforms
    assert dict(found.filed()) == dict(kept.filed())
