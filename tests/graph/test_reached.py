"""What the changed paths alone say of the images is what looking at all of their files says."""

from __future__ import annotations

import pytest

from mbuild.changes import Change, between
from mbuild.graph.affected import Affected, affected
from mbuild.graph.defined import Defined
from mbuild.graph.readers import unread
from mbuild.graph.refresh import refresh
from mbuild.images import ExpectedFile, ImageDef, ImageTest, NamedContext
from mbuild.output.report import place
from tests.graph.test_affected import Files, graph, image
from tests.trees import MemoryTree


def compared(before: Files, after: Files, one: ImageDef, then: ImageDef | None = None) -> Affected:
    """Return the answer: it is the same with and without a look at what changed."""
    found: list[Change] = between(MemoryTree(before), MemoryTree(after))
    old, new = graph(before, one), graph(after, then or one)
    head = refresh(old, Defined((then,)) if then else None, MemoryTree(after), found)
    answer = affected([old], head, [found])
    assert answer == affected([old], new) == affected([old], new, [found])
    assert unread(found, old, head, answer.idle) == unread(found, old, new)
    return answer


def lines(found: Affected) -> list[tuple[str | None, str | None]]:
    return [(each.path, place(each.where)) for each in found.reasons.get("web", ())]


@pytest.mark.parametrize("texts", [("COPY lib /", "COPY lib/x /"), ("COPY lib/x /", "COPY lib /")])
def test_of_several_lines_that_read_a_file_the_first_is_named(texts: tuple[str, str]) -> None:
    before = {"web/Dockerfile": "\n".join(("FROM scratch", *texts)), "web/lib/x": "1"}
    found = compared(before, before | {"web/lib/x": "2"}, image("web"))
    assert lines(found) == [("web/lib/x", "web/Dockerfile:2")]


def test_a_file_that_two_contexts_hold_counts_for_each() -> None:
    web = image("web", contexts=(NamedContext("more", "folder", "web/lib"),))
    text = "FROM scratch\nCOPY --from=more . /\nCOPY lib/x lib/z /\n"
    before = {"web/Dockerfile": text, "web/lib/x": "1", "web/lib/y": "1", "web/lib/z": "1"}
    after = before | {"web/lib/x": "2", "web/lib/y": "2", "web/lib/z": "2"}
    own = [(f"web/lib/{each}", "web/Dockerfile:3") for each in "xz"]
    assert lines(compared(before, after, web)) == [*own, *((f"web/lib/{each}", "web/Dockerfile:2") for each in "xyz")]
    two = [("web/lib/z", "web/Dockerfile:3"), ("web/lib/y", "web/Dockerfile:2")]
    assert lines(compared(before, before | {"web/lib/y": "2", "web/lib/z": "2"}, web))[:2] == two


@pytest.mark.parametrize(
    ("then", "where"),
    [
        (image("web", exclude=("lib/x",)), "web/lib/x"),
        (image("web", include=("lib/y",)), "web/lib/x"),
        (image("web", test=ImageTest(files=(ExpectedFile("/x"),))), None),
        (image("web", args=(("NONE", "1"),)), None),
    ],
)
def test_what_build_yaml_says_otherwise_is_looked_at(then: ImageDef, where: str | None) -> None:
    files = {"web/Dockerfile": "FROM scratch\nCOPY lib /\n", "web/lib/x": "1", "web/lib/y": "1"}
    found = compared(files, files, image("web"), then)
    assert ("web" in found.reasons) is (not then.args)
    assert where is None or where in {path for path, _ in lines(found)}


@pytest.mark.parametrize("source", ["now/src", "now/src/*", "now/s*", "n*/src", "now/s*/x"])
def test_a_link_that_comes_to_be_on_the_way_of_a_source_counts(source: str) -> None:
    before: dict[str, str | tuple[str, str]] = {
        "web/Dockerfile": f"FROM scratch\nCOPY {source} /\n",
        "web/now/other": "1",
        "web/lib/src/x": "1",
    }
    after = {path: text for path, text in before.items() if path != "web/now/other"} | {"web/now": ("link", "lib")}
    assert set(compared(before, after, image("web")).reasons) == {"web"}
    assert set(compared(after, before, image("web")).reasons) == {"web"}


@pytest.mark.parametrize("text", ["COPY l*/s*/ /", "COPY l* /", "COPY **/new /", "COPY lib/** /"])
@pytest.mark.parametrize("path", ["web/lib/new/x.md", "web/lib/x.md", "web/lib/new/deep/x.md"])
def test_an_ignored_file_that_makes_a_folder_come_counts(text: str, path: str) -> None:
    before = {"web/Dockerfile": f"FROM scratch\n{text}\n", "web/.dockerignore": "**/*.md\n", "web/lib/src/y": "1"}
    compared(before, before | {path: "1"}, image("web"))
    compared(before | {path: "1"}, before, image("web"))


@pytest.mark.parametrize("source", ["lib", "l*b", "lib/s*"])
def test_what_says_how_files_deep_in_a_source_are_checked_out_counts(source: str) -> None:
    before = {"web/Dockerfile": f"FROM scratch\nCOPY {source} /\n", "web/.dockerignore": "**/.git*\n"}
    before |= {"web/lib/src/x": "1"}
    found = compared(before, before | {"web/lib/src/.gitattributes": "* text\n"}, image("web"))
    assert set(found.reasons) == {"web"}
