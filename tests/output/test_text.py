"""Answers as text, JSON and graphs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mbuild.errors import Where
from mbuild.graph.affected import Reason
from mbuild.graph.exclusion import Exclusion
from mbuild.images import NamedContext
from mbuild.output import explain, graphs
from mbuild.output.asjson import as_json
from mbuild.output.graphs import Part
from mbuild.output.report import BaseInfo, ContextInfo, Done, HeadInfo, ImageReport, Report
from mbuild.output.text import plan_text, reason, reasons, result_text
from tests.graph.test_affected import Files, graph, image

HEAD = HeadInfo("work tree", "0" * 40, True)
FILES: Files = {
    "base/Dockerfile": "FROM alpine:3\n",
    "a/Dockerfile": "FROM shop/base\nCOPY --from=say x /\n",
    "b/Dockerfile": "FROM shop/base\nCOPY . /\n",
    "b/.dockerignore": "*.md\n",
    "c/Dockerfile": "FROM shop/a\nCOPY --from=shop/b / /\n",
}
SHOP = graph(
    FILES,
    image("base"),
    image("a", contexts=(NamedContext("say", "external", "docker-image://x<y>&z"),)),
    image("b"),
    image("c"),
)


def report(name: str, status: str | None = None, error: str | None = None, **more: object) -> ImageReport:
    done = Done(status, 2.0, error=error) if status else None
    values: dict[str, object] = {"action": "build", "tags": ("s/x:mb-1", "s/x:v1"), "done": done} | more
    return ImageReport(name, True, (), "Dockerfile", ".", None, (), (), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "seconds", "everything", "saved"),
    [
        (("built", "reused"), 3.0, 63.0, 60.0),
        (("cached", None), 3.0, 63.0, 60.0),
        (("built", "built"), 3.0, 63.0, None),
        (("built", "reused"), 3.0, 3.05, None),
        (("built", "failed"), 3.0, 63.0, None),
        (("built", None), 63.0, 3.0, None),
        (("built", None), 3.0, None, None),
        ((None, None), None, None, None),
    ],
)
def test_what_a_run_has_saved(
    states: tuple[str | None, ...], seconds: float | None, everything: float | None, saved: float | None
) -> None:
    images = tuple(report(f"i{number}", state) for number, state in enumerate(states))
    found = Report("affected", None, HEAD, images, seconds=seconds, all_seconds=everything)
    assert found.saved_seconds == saved
    line = "saved: about 1 min 00 s against building all 2 images"
    assert (line in result_text(found).splitlines()) == (saved is not None)


def test_results_are_told_one_by_one_and_summed_up() -> None:
    context = ContextInfo(3, 1500, "d", False, 10, 2_000_000)
    images = (
        report("api", "built", context=context),
        report("web", "failed", "Dockerfile:2: no\nmore"),
        report("job", "skipped", "'web' was not built"),
        report("old", "reused", tags=("s/x:mb-1",)),
        report("new", "cancelled", tags=None),
    )
    order = (("api", "web", "old", "new"), ("job",))
    text = result_text(Report("all", None, HEAD, images, order, builder="oci", place="here", seconds=3))
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "built api 2.0 s 3 files, 1.5 kB of 10 files, 2.0 MB (not exact) s/x:v1",
        "cancelled new",
        "reused old s/x:mb-1",
        "failed web 2.0 s Dockerfile:2: no",
        "skipped job 'web' was not built",
        "",
        "5 images: 1 built, 1 reused, 1 failed, 1 skipped, 1 cancelled in 3.0 s, by oci into here",
        "context: 3 files, 1.5 kB instead of 10 files, 2.0 MB",
    ]


def test_nothing_to_do_says_what_was_compared() -> None:
    text = result_text(Report("affected", BaseInfo("main", "1" * 40, "--base"), HEAD, ()))
    assert text == (
        "base: main 111111111111 (--base)\n"
        "head: work tree 000000000000, with changes that are not committed\n"
        "nothing to do: 0 of 0 images affected\n"
    )


def test_a_plan_names_many_paths_and_removed_images() -> None:
    paths = tuple(f"p{index}" for index in range(12))
    text = plan_text(Report("affected", None, HEAD, (), unowned=paths, removed=("gone",)))
    assert "removed since the base: gone" in text
    assert "12 changed paths that no image reads: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 2 more" in text


def test_reasons_in_words() -> None:
    where = Where("a/Dockerfile", 2, 1)
    found = (
        Reason("file-changed", "x\n", "mode", where=where),
        Reason("needed-by", parent="api"),
        Reason("definition-changed", "build.yaml"),
        Reason("forced"),
        Reason("external-image-changed", where=where),
    )
    assert [reason(each) for each in found] == [
        "x\\n mode changed (a/Dockerfile:2)",
        "needed by api, and there is no build of it",
        "definition changed (build.yaml)",
        "forced",
        "external image changed (a/Dockerfile:2)",
    ]
    assert reasons(found).endswith("; and 2 more")


def test_json_leaves_out_what_a_listing_does_not_know() -> None:
    value = as_json(Report("affected", None, HEAD, (), listing=True))
    assert value["base"] is None
    assert not {"order", "estimate_seconds"} & value.keys()


def test_a_graph_as_text_unfolds_an_image_once() -> None:
    assert graphs.as_text(graphs.part(SHOP)) == (
        "base\n  a\n    c\n  b\n    c\n\nexternal images:\n  alpine:3  used by base\n"
        "  docker-image://x<y>&z  used by a\n"
    )
    deep = graph(
        {f"{name}/Dockerfile": text for name, text in {"x": "FROM scratch\n", "y": "FROM shop/x\n"}.items()}
        | {"z/Dockerfile": "FROM shop/y\nCOPY --from=shop/x / /\n", "w/Dockerfile": "FROM shop/z\n"},
        *(image(name) for name in "wxyz"),
    )
    assert graphs.as_text(graphs.part(deep)) == "x\n  y\n    z\n      w\n  z …\n"


def test_graphs_for_other_programs_are_escaped() -> None:
    dot = graphs.as_dot(graphs.part(SHOP))
    assert 'e1 [label="docker-image://x<y>&z", style=dashed];' in dot
    assert "  i0 -> e1 [style=dashed];\n" in dot
    assert 'i1 [label="b"];' in dot
    assert 'i3 [label="c"];' in dot
    assert "  i3 -> i1 [label=copy];\n" in dot
    mermaid = graphs.as_mermaid(graphs.part(SHOP))
    assert 'e1(["docker-image://x&lt;y&gt;&amp;z"])' in mermaid
    assert "i3 -->|from| i0" in mermaid


@pytest.mark.parametrize(("form", "arrow"), [(graphs.as_dot, "i0 -> e0"), (graphs.as_mermaid, "i0 -.-> e0")])
def test_an_external_image_that_is_called_as_an_image_is_another_one(form: Callable[[Part], str], arrow: str) -> None:
    found = form(graphs.part(graph({"alpine/Dockerfile": "FROM alpine\n"}, image("alpine"))))
    assert found.count('"alpine"') == 2
    assert arrow in found


def test_why_not_names_the_rule() -> None:
    class Changed:
        def __init__(self, path: str) -> None:
            self.path = path

    changes = [Changed(path) for path in ("b/x.md", "a/y", "b/Dockerfile")]
    assert [(path, explain.rule(each)) for path, each in explain.nearest(SHOP, "b", changes)] == [
        ("b/Dockerfile", "it changed, but means the same to this image"),
        ("b/x.md", "ignored by *.md (b/.dockerignore:1)"),
        ("a/y", "outside the context root b"),
    ]
    assert explain.rule(dict(explain.nearest(SHOP, "a", changes))["a/y"]) == "no instruction reads it"


def test_every_rule_has_words() -> None:
    where = Where("D", 3)
    assert [explain.rule(Exclusion(kind, "x", where)) for kind in ("excluded", "not-included", "unreached")] == [
        "excluded by x (D:3)",
        "not among x (D:3)",
        "only the stage x reads it (D:3), which the target does not need",
    ]
    assert explain.rule(Exclusion("excluded", "", where)) == "excluded (D:3)"


def many(number: int) -> Part:
    """Return a base with images built from it, as many that stand alone, and one more below one of them."""
    files: dict[str, str] = {"base/Dockerfile": "FROM alpine:3\n", "top/Dockerfile": "FROM shop/u00\n"}
    for each in range(number):
        files[f"u{each:02d}/Dockerfile"] = "FROM shop/base\n"
        files[f"s{each:02d}/Dockerfile"] = "FROM busybox:1\n"
    return graphs.part(graph(files, *(image(name.partition("/")[0]) for name in files)))


def test_many_images_alike_share_lines() -> None:
    lines = graphs.as_text(many(30), 60).splitlines()
    assert lines[:5] == ["62 images, 2 of them used by others", "", "base", "  u00", "    top"]
    assert lines[5] == "  u01, u02, u03, u04, u05, u06, u07, u08, u09, u10, u11,"
    assert "30 images that use none of these, and that none uses:" in lines
    assert lines[-1] == "  busybox:1  used by 30 images: s00, s01, s02, s03, s04 and 25 more"
    assert len(lines) == 17
    assert max(map(len, lines[:-1])) <= 60


def test_few_images_stand_on_lines_of_their_own() -> None:
    assert graphs.as_text(many(2)) == (
        "base\n  u00\n    top\n  u01\ns00\ns01\n\n"
        "external images:\n  alpine:3  used by base\n  busybox:1  used by s00, s01\n"
    )


@pytest.mark.parametrize("form", [graphs.as_text, graphs.as_dot, graphs.as_mermaid])
@pytest.mark.parametrize("number", [2, 30, 200])
def test_no_image_is_left_out(form: Callable[[Part], str], number: int) -> None:
    shown = many(number)
    assert set(shown.names) <= set(re.findall(r"\b(?:[us]\d+|base|top)\b", form(shown).replace("\\n", " ")))


def test_a_picture_of_many_images_has_few_boxes() -> None:
    shown = many(200)
    assert graphs.as_dot(shown).count("->") == 5
    assert len(graphs.as_mermaid(shown).splitlines()) < 20
    assert '[label="u01, u02, ' in graphs.as_dot(shown)


def test_images_of_one_box_use_the_same_external_images() -> None:
    files: Files = {f"{letter}{each}/Dockerfile": f"FROM {letter}\n" for letter in "xy" for each in range(5)}
    found = graphs.as_dot(graphs.part(graph(files, *(image(name.partition("/")[0]) for name in files))))
    assert [line for line in found.splitlines() if "style" in line] == [
        '  e0 [label="x", style=dashed];',
        '  e1 [label="y", style=dashed];',
        "  i0 -> e0 [style=dashed];",
        "  i1 -> e1 [style=dashed];",
    ]


def test_a_part_of_a_graph_is_what_an_image_uses_and_what_uses_it() -> None:
    found = graphs.part(many(5).graph, ["u00"])
    assert graphs.as_text(found) == "base\n  u00\n    top\n\nexternal images:\n  alpine:3  used by base\n"
    value = graphs.as_json(found)
    assert [each["name"] for each in value["images"]] == ["base", "top", "u00"]
    assert [(each["from"], each["to"]) for each in value["edges"]] == [("top", "u00"), ("u00", "base")]
    below = graphs.part(SHOP, ["b"])
    assert [(each["from"], each["to"]) for each in graphs.as_json(below)["edges"]] == [("b", "base"), ("c", "b")]
