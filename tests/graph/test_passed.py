"""Links on the way to a Dockerfile, an ignore file or a context root: named where they lead elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbuild.changes import between
from mbuild.errors import Where
from mbuild.graph.affected import Affected, affected
from mbuild.graph.exclusion import exclusion
from mbuild.graph.readers import read_paths, readers, unread
from mbuild.graph.refresh import refresh
from mbuild.images import ImageDef, NamedContext
from mbuild.output.report import place
from tests.graph.test_affected import Files, graph, image
from tests.trees import MemoryTree

TEXT = "FROM scratch\nCOPY f /\n"
FILES: dict[str, str | tuple[str, str]] = {
    "df/Dockerfile": TEXT,
    "v1/f": "1",
    "v2/f": "2",
    "v1/.dockerignore": "x\n",
    "v2/.dockerignore": "x\n",
    "current": ("link", "stable"),
    "stable": ("link", "v1"),
    "other/y": "",
    "elsewhere": ("link", "other"),
}
IMAGE = replace(
    image("a", "df/Dockerfile", "current"), where=Where("build.yaml", 3), places=(("context", Where("build.yaml", 5)),)
)


def compared(before: Files, after: Files, one: ImageDef) -> tuple[Affected, tuple[str, ...]]:
    """Return the answer and the paths that nothing reads: the same with and without a look at what changed."""
    old, new = graph(before, one), graph(after, one)
    changes = between(MemoryTree(before), MemoryTree(after))
    found, lost = affected([old], new, [changes]), unread(changes, old, new)
    again = refresh(old, None, MemoryTree(after), changes)
    assert affected([old], new) == found == affected([old], again, [changes])
    assert unread(changes, old, again, found.idle) == lost
    return found, lost


def named(found: Affected) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(each.kind, each.path, each.change, place(each.where)) for each in found.reasons.get("a", ())]


NEW: dict[str, str | tuple[str, str]] = {"new/f": "3", "new/.dockerignore": "x\n"}
LINK = ("file-changed", "current", "modified", "build.yaml:5")


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"current": ("link", "v2")}, [LINK]),
        ({"stable": ("link", "v2")}, [("file-changed", "stable", "modified", "build.yaml:5")]),
        ({"current": ("link", "v2"), "v2/f": "3"}, [LINK, ("file-changed", "v2/f", "modified", "df/Dockerfile:2")]),
        ({"current": ("link", "v2"), "v1/f": "3"}, [LINK]),
        (NEW | {"current": ("link", "new")}, [LINK, ("file-changed", "new/f", "added", "df/Dockerfile:2")]),
        ({"stable": ("link", "v2"), "v2/f": "1"}, []),
    ],
)
def test_a_link_on_the_way_to_a_context_root_is_the_reason(
    changed: Files, reasons: list[tuple[str, str, str, str]]
) -> None:
    found, lost = compared(FILES, {**FILES, **changed}, IMAGE)
    assert named(found) == reasons
    assert lost == ()


def test_so_is_one_in_whose_place_there_is_a_folder() -> None:
    less = {path: value for path, value in FILES.items() if path != "current"}
    found, lost = compared(FILES, less | {"current/f": "3", "current/.dockerignore": "x\n"}, IMAGE)
    assert named(found) == [
        ("file-changed", "current", "deleted", "build.yaml:5"),
        ("file-changed", "current/f", "added", "df/Dockerfile:2"),
    ]
    assert lost == ()


def test_what_is_gone_from_where_the_link_led_is_named_too() -> None:
    before = {**FILES, "df/Dockerfile": "FROM scratch\nCOPY . /\n", "v1/g": "1"}
    after = {path: value for path, value in before.items() if path != "v1/g"} | {"current": ("link", "v2")}
    found, lost = compared(before, after, IMAGE)
    assert ("file-changed", "v1/g", "deleted", "df/Dockerfile:2") in named(found)
    assert lost == ()


def test_so_is_one_that_leads_to_other_empty_folders() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "df/Dockerfile": "FROM scratch\nCOPY . /\n",
        "df/Dockerfile.dockerignore": "**/x\n",
        "v1/f": "1",
        "v1/sub/x": "",
        "v2/f": "1",
        "current": ("link", "v1"),
    }
    assert named(compared(files, files | {"current": ("link", "v2")}, IMAGE)[0]) == [LINK]


def test_so_is_one_on_the_way_to_a_named_context() -> None:
    others = NamedContext("first", "folder", "v2"), NamedContext("more", "folder", "current")
    one = image("a", "df/Dockerfile", "v1", contexts=others)
    files = FILES | {"df/Dockerfile": "FROM scratch\nCOPY --from=more f /\n"}
    found, lost = compared(files, files | {"stable": ("link", "v2")}, one)
    assert named(found) == [("file-changed", "stable", "modified", None)]
    assert lost == ()


def test_a_root_that_build_yaml_moves_has_no_link_for_a_reason() -> None:
    files = FILES | {"v1/f": ("link", "one"), "v2/f": ("link", "two"), "v1/one": "", "v2/two": ""}
    before, after = image("a", "df/Dockerfile", "v1"), image("a", "df/Dockerfile", "v2")
    found = affected([graph(files, before)], graph(files, after))
    assert {path for _, path, _, _ in named(found)} == {"v2/f", "v1/one", "v2/two"}


def test_a_link_inside_a_context_changes_no_file_by_leading_elsewhere() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\nCOPY now/f /\n",
        "a/now": ("link", "s5"),
        "a/s5/f": "5",
        "a/s6/f": "6",
    }
    link = ("file-changed", "a/now", "modified", "a/Dockerfile:2")
    assert named(compared(files, files | {"a/now": ("link", "s6")}, image("a"))[0]) == [link]
    both = files | {"a/now": ("link", "s6"), "a/s5/f": "x", "a/s6/f": "y"}
    assert named(compared(files, both, image("a"))[0]) == [
        link,
        ("file-changed", "a/s6/f", "modified", "a/Dockerfile:2"),
    ]


@pytest.mark.parametrize(
    ("more", "link", "end"),
    [
        ({"way": ("link", "df")}, "way", "d2"),
        ({"way": ("link", "on"), "on": ("link", "df")}, "on", "d2"),
        ({"way/Dockerfile": ("link", "one"), "way/one": TEXT, "way/two": TEXT + "# said\n"}, "way/Dockerfile", "two"),
        (
            {"way/Dockerfile": TEXT, "way/Dockerfile.dockerignore": ("link", "one"), "way/one": "", "way/two": ""},
            "way/Dockerfile.dockerignore",
            "two",
        ),
        (
            {"way/Dockerfile": TEXT, "way/Dockerfile.dockerignore": ("link", "on"), "way/on": ("link", "one")}
            | {"way/one": "", "way/two": ""},
            "way/on",
            "two",
        ),
        (
            {"way/Dockerfile": TEXT, "v1/.dockerignore": ("link", "on"), "v1/on": ("link", "one")}
            | {"v1/one": "", "v1/two": ""},
            "v1/on",
            "two",
        ),
    ],
)
def test_a_link_on_the_way_to_a_dockerfile_or_an_ignore_file_is_no_path_that_nothing_reads(
    more: Files, link: str, end: str
) -> None:
    files = {**FILES, "d2/Dockerfile": TEXT + "# the same\n", **more}
    one = image("a", "way/Dockerfile", "v1")
    found, lost = compared(files, files | {link: ("link", end), "elsewhere": ("link", "v1")}, one)
    assert found.reasons == {}
    assert lost == ("elsewhere",)
    node = graph(files, one)
    assert link in read_paths([node])
    assert "elsewhere" not in read_paths([node])
    assert [each.image for each in readers(node, link)] == ["a"]
    assert exclusion(node, "a", link).kind == "definition"


def test_a_link_to_another_dockerfile_changes_what_an_image_is_made_of() -> None:
    files = FILES | {"way": ("link", "df"), "d2/Dockerfile": "FROM scratch\nCOPY f /to\n"}
    found, lost = compared(files, files | {"way": ("link", "d2")}, image("a", "way/Dockerfile", "v1"))
    assert named(found) == [("definition-changed", "way/Dockerfile", None, "way/Dockerfile:2")]
    assert lost == ()


def test_where_there_are_no_links_none_is_passed() -> None:
    found = graph({"a/Dockerfile": TEXT, "a/f": ""}, image("a"))
    assert found.passed == frozenset()


@pytest.mark.parametrize(
    ("path", "via", "where"),
    [
        ("current", "definition", "build.yaml:3"),
        ("stable", "definition", "build.yaml:3"),
        ("df", "Dockerfile", "df/Dockerfile:1"),
        ("df/", "Dockerfile", "df/Dockerfile:1"),
        ("v1/.dockerignore", "ignore file", "v1/.dockerignore:1"),
        ("build.yaml", "definition", "build.yaml:3"),
        ("v1", "COPY", "df/Dockerfile:2"),
        ("", "COPY", "df/Dockerfile:2"),
        ("other", None, None),
        ("d", None, None),
        ("elsewhere", None, None),
    ],
)
def test_a_path_is_read_where_it_defines_an_image_or_leads_to_it(path: str, via: str | None, where: str | None) -> None:
    found = [
        (each.via, f"{each.where.file}:{each.where.line}") for each in readers(graph(FILES, IMAGE), path) if each.where
    ]
    assert found == ([] if via is None else [(via, where)])


def test_a_folder_with_a_dockerfile_and_its_ignore_file_alone_is_read() -> None:
    files = FILES | {"df/Dockerfile.dockerignore": "z\n", "rules/of": "", "lost/Dockerfile": "FROM scratch\n"}
    files |= {"lost/Dockerfile.dockerignore": ("link", "rules/none"), ".dockerignore": ("link", "rules/of")}
    images = IMAGE, image("b", "lost/Dockerfile", "")
    found = graph(files, *images)
    assert [(each.image, each.via) for each in readers(found, "df")] == [("a", "Dockerfile")]
    assert [(each.image, each.via) for each in readers(found, "rules")] == [("b", "ignore file")]
    assert [(each.image, each.via) for each in readers(found, "lost/rules")] == [("b", "definition")]
