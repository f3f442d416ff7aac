"""Affected by meaning: two trees in memory, and what their graphs say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mbuild.errors import DockerfileError, Problem, Where
from mbuild.graph.affected import Affected, affected, change_of
from mbuild.graph.build import build_graph
from mbuild.graph.defined import Defined
from mbuild.graph.lookup import Lookup, filed
from mbuild.graph.node import Graph
from mbuild.graph.readers import read_paths, readers
from mbuild.graph.refresh import refresh
from mbuild.images import ExpectedFile, ImageDef, ImageTest, NamedContext, Project, Secret, Ssh
from mbuild.output.report import place
from mbuild.tree import EXECUTABLE, FILE, SYMLINK, Entry
from tests.trees import MemoryTree

Files = Mapping[str, str | tuple[str, str]]


def image(name: str, dockerfile: str = "", root: str | None = None, **more: object) -> ImageDef:
    path = dockerfile or f"{name}/Dockerfile"
    folder = path.rpartition("/")[0] if root is None else root
    return ImageDef(name=name, full_name=f"shop/{name}", dockerfile=path, context_root=folder, **more)  # type: ignore[arg-type]


def graph(files: Files, *images: ImageDef, problems: list[Problem] | None = None) -> Graph:
    ordered = tuple(sorted(images, key=lambda each: each.name))
    return build_graph(Project(ordered), MemoryTree(files), "linux/amd64", problems=problems)


def compare(before: Files, after: Files, *images: ImageDef) -> Affected:
    return affected([graph(before, *images)], graph(after, *images))


BASE = image("base")
API = image("api", root="")
GOLDEN = "939b2308a37631ba0bb7ec131201183abaad31b2061b2c0e3df9f3122c1320b4"
FILES: dict[str, str | tuple[str, str]] = {
    "base/Dockerfile": "FROM scratch\nCOPY etc /etc\n",
    "base/etc/os": "1\n",
    "api/Dockerfile": "FROM shop/base AS build\nCOPY libs/a api/src/ /app/\n\nFROM build\nCOPY api/run /run\n",
    "api/src/main.py": "print()\n",
    "api/run": ("exec", "#!/bin/sh\n"),
    "libs/a/x.py": "x = 1\n",
    "libs/b/y.py": "y = 1\n",
    "README.md": "hello\n",
}


def kinds(found: Affected) -> dict[str, list[tuple[str, str | None, str | None]]]:
    return {
        name: [(each.kind, each.path or each.parent, place(each.where)) for each in reasons]
        for name, reasons in found.reasons.items()
    }


def test_a_test_is_part_of_what_an_image_is() -> None:
    place = Where("build.yaml", 7, 5)
    api = replace(API, test=ImageTest(("/run",)), places=(("test", place),), where=Where("build.yaml", 4))
    child = image("child")
    files = FILES | {"child/Dockerfile": "FROM shop/api\n"}
    found = affected([graph(files, BASE, API, child)], graph(files, BASE, api, child))
    assert kinds(found) == {
        "api": [("definition-changed", "build.yaml", "build.yaml:7")],
        "child": [("parent-affected", "api", "child/Dockerfile:1")],
    }
    moved = replace(api, test=ImageTest(("/run",), where=Where("other.yaml", 1)))
    assert affected([graph(files, BASE, api, child)], graph(files, BASE, moved, child)).reasons == {}
    others = (None, ImageTest(("/run", "x")), ImageTest(("/run x",)), ImageTest(("/run",), 1.0))
    files_too = tuple(ImageTest(("/run",), files=(each,)) for each in (ExpectedFile("/a"), ExpectedFile("/a", "file")))
    prints = {graph(files, BASE, replace(api, test=each)).nodes["api"].fingerprint for each in (*others, *files_too)}
    assert len(prints | {graph(files, BASE, api).nodes["api"].fingerprint}) == 7


def test_without_a_test_the_fingerprint_is_what_it_was() -> None:
    """It says what an image is made of in every registry there is."""
    assert graph(FILES, BASE, API).nodes["api"].fingerprint == GOLDEN


def test_nothing_changed() -> None:
    assert compare(FILES, FILES, BASE, API) == Affected({}, ())


def test_a_file_that_no_image_reads_affects_nothing() -> None:
    changed = FILES | {"README.md": "other\n", "libs/b/y.py": "y = 2\n", "new": ""}
    assert compare(FILES, changed, BASE, API).reasons == {}


def test_a_changed_file_names_the_line_that_reads_it() -> None:
    found = kinds(compare(FILES, FILES | {"libs/a/x.py": "x = 2\n"}, BASE, API))
    assert found == {"api": [("file-changed", "libs/a/x.py", "api/Dockerfile:2")]}


def test_a_change_in_a_parent_reaches_its_children() -> None:
    found = kinds(compare(FILES, FILES | {"base/etc/os": "2\n"}, BASE, API))
    assert found["base"] == [("file-changed", "base/etc/os", "base/Dockerfile:2")]
    assert found["api"] == [("parent-affected", "base", "api/Dockerfile:1")]


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (("exec", "x = 1\n"), "mode"),
        (("link", "x = 1\n"), "modified"),
        (("link", "y.py"), "modified"),
        ("", "modified"),
    ],
)
def test_mode_and_type_changes_count(value: str | tuple[str, str], change: str) -> None:
    found = compare(FILES, FILES | {"libs/a/x.py": value}, BASE, API)
    assert [each.change for each in found.reasons["api"]] == [change]


def test_added_and_deleted_files_count() -> None:
    less = {path: value for path, value in FILES.items() if path != "libs/a/x.py"} | {"libs/a/z.py": ""}
    found = compare(FILES, less, BASE, API)
    assert [(each.path, each.change) for each in found.reasons["api"]] == [
        ("libs/a/x.py", "deleted"),
        ("libs/a/z.py", "added"),
    ]


def test_comments_blank_lines_and_spelling_of_a_dockerfile_change_nothing() -> None:
    text = "# a comment\n\nfrom   shop/base as build\nCOPY libs/a \\\n  # why\n  api/src/ /app/\nFROM build\n"
    text += "COPY api/run /run\n"
    assert compare(FILES, FILES | {"api/Dockerfile": text}, BASE, API).reasons == {}


def test_a_changed_instruction_is_named_by_its_line() -> None:
    text = str(FILES["api/Dockerfile"]).replace("/run /run", "/run /start")
    found = kinds(compare(FILES, FILES | {"api/Dockerfile": text}, BASE, API))
    assert found == {"api": [("definition-changed", "api/Dockerfile", "api/Dockerfile:5")]}


def test_the_name_of_a_stage_changes_nothing() -> None:
    text = "FROM scratch AS one\nCOPY x /\nFROM scratch\nCOPY --from=one /x /\nRUN --mount=from=one,target=/m true\n"
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": text, "a/x": ""}
    assert compare(files, files | {"a/Dockerfile": text.replace("one", "two")}, image("a")).reasons == {}
    assert compare(files, files | {"a/Dockerfile": text.replace("=one", "=0", 1)}, image("a")).reasons == {}


def test_an_undefined_variable_is_empty_where_everything_below_is_known() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "base/Dockerfile": "FROM scratch\n",
        "mid/Dockerfile": "FROM shop/base\n",
        "a/Dockerfile": "FROM shop/mid\nCOPY x$WHAT /\n",
        "a/x": "",
    }
    assert graph(files, BASE, image("mid"), image("a")).nodes["a"].exact
    outside = files | {"base/Dockerfile": "FROM alpine\n"}
    node = graph(outside, BASE, image("mid"), image("a")).nodes["a"]
    assert not node.exact
    assert "alpine" in node.doubts[0].reason


def test_a_removed_instruction_counts() -> None:
    text = str(FILES["api/Dockerfile"]).replace("COPY api/run /run\n", "")
    found = compare(FILES, FILES | {"api/Dockerfile": text}, BASE, API)
    assert {each.kind for each in found.reasons["api"]} == {"definition-changed", "file-changed"}
    less = dict.fromkeys(("a/Dockerfile", "a/x", "a/y"), "FROM scratch\nCOPY x /\nCOPY y /\n")
    more = less | {"a/Dockerfile": f"{less['a/Dockerfile']}USER me\n"}
    assert kinds(compare(more, less, image("a"))) == {"a": [("definition-changed", "a/Dockerfile", "a/Dockerfile:3")]}


def test_a_stage_that_the_target_does_not_reach_changes_nothing() -> None:
    files = FILES | {"api/Dockerfile": str(FILES["api/Dockerfile"]) + "FROM scratch AS other\nCOPY README.md /\n"}
    changed = files | {"README.md": "x", "api/Dockerfile": str(files["api/Dockerfile"]).replace("README.md", "libs/b")}
    one = image("api", root="", target="build")
    assert compare(files, changed, BASE, one).reasons == {}


def test_another_external_image_is_named_as_such() -> None:
    before = {"a/Dockerfile": "FROM alpine:3.19\n"}
    found = kinds(compare(before, {"a/Dockerfile": "FROM alpine:3.20\n"}, image("a")))
    assert found == {
        "a": [
            ("external-image-changed", "a/Dockerfile", "a/Dockerfile:1"),
            ("definition-changed", "a/Dockerfile", "a/Dockerfile:1"),
        ]
    }


@pytest.mark.parametrize(
    "changed",
    [
        image("a", args=(("V", "2"),)),
        image("a", target="first"),
        image("a", platforms=("linux/arm64",)),
        image("a", exclude=("x",)),
        image("a", include=("y",)),
        image("a", labels=(("x", "1"),)),
        image("a", ssh=(Ssh("default"),)),
        image("a", unheld=(("shm_size", "1g"),)),
        image("a", secrets=(Secret("key", env="KEY"),)),
        image("a", test=ImageTest(("/run",))),
    ],
)
def test_what_build_yaml_says_counts(changed: ImageDef) -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch AS first\nARG V=1\nCOPY x y /\nFROM first\nLABEL v=1\n",
        "a/x": "",
        "a/y": "",
    }
    changed = replace(changed, where=Where("build.yaml", 3), places=(("test", Where("build.yaml", 3)),))
    found = affected([graph(files, image("a"))], graph(files, changed))
    assert ("definition-changed", "build.yaml", "build.yaml:3") in kinds(found)["a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"labels": (("x", "1"),)}, {"labels": (("x", "2"),)}),
        ({"ssh": (Ssh("default"),)}, {"ssh": (Ssh("other"),)}),
        ({"ssh": (Ssh("default", ("a",)),)}, {"ssh": (Ssh("default", ("b",)),)}),
        ({"unheld": (("shm_size", "1g"),)}, {"unheld": (("shm_size", "2g"),)}),
        ({"unheld": (("x", "1"),)}, {"labels": (("x", "1"),)}),
        ({"secrets": (Secret("key", env="ONE"),)}, {"secrets": (Secret("key", env="TWO"),)}),
        ({"secrets": (Secret("key", file="x"),)}, {"secrets": (Secret("key", env="x"),)}),
        ({"secrets": (Secret("one", env="X"),)}, {"secrets": (Secret("two", env="X"),)}),
        ({"args": (("SOURCE_DATE_EPOCH", "1"),)}, {"args": (("SOURCE_DATE_EPOCH", "2"),)}),
        ({"test": ImageTest(("/run",), 1.0)}, {"test": ImageTest(("/run",), 2.0)}),
        (
            {"test": ImageTest(files=(ExpectedFile("/a", "file", mode="0644"),))},
            {"test": ImageTest(files=(ExpectedFile("/a", "file", mode="0755"),))},
        ),
        (
            {"test": ImageTest(files=(ExpectedFile("/a", "file", owner="1:1"),))},
            {"test": ImageTest(files=(ExpectedFile("/a", "file", owner="2:2"),))},
        ),
    ],
)
def test_another_value_in_build_yaml_counts(one: dict[str, Any], other: dict[str, Any]) -> None:
    files = {"a/Dockerfile": "FROM scratch\n", "a/x": ""}
    for before, after in ((one, other), (other, one)):
        assert set(affected([graph(files, image("a", **before))], graph(files, image("a", **after))).reasons) == {"a"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ARG T=$TARGETSTAGE\nFROM scratch AS s\nARG T\nLABEL x=$T", None),
        ("FROM scratch\nCOPY <<EOF /x\n$PATH\nEOF", "FROM scratch\nCOPY <<'EOF' /x\n$PATH\nEOF"),
    ],
)
def test_what_one_buildkit_alone_makes_otherwise_counts(one: str, other: str | None) -> None:
    """Before 0.14 it knew no TARGETSTAGE: there both are the same. Where a heredoc is quoted nothing is expanded."""
    other = other or one.replace("=$TARGETSTAGE", "=$TARGETSTAGE$TARGETSTAGE")
    found = compare({"a/Dockerfile": f"{one}\n"}, {"a/Dockerfile": f"{other}\n"}, image("a"))
    assert set(found.reasons) == {"a"}


def test_where_caches_are_changes_nothing() -> None:
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": ""}
    cached = image("a", cache_from=("type=registry,ref=x",), cache_to=("type=inline",))
    assert affected([graph(files, image("a"))], graph(files, cached)).reasons == {}
    assert graph(files, cached).nodes["a"].fingerprint == graph(files, image("a")).nodes["a"].fingerprint


def test_an_argument_that_nothing_uses_changes_nothing() -> None:
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": ""}
    assert affected([graph(files, image("a"))], graph(files, image("a", args=(("V", "2"),)))).reasons == {}


@pytest.mark.parametrize("name", ["SOURCE_DATE_EPOCH", "BUILDKIT_INLINE_CACHE"])
def test_an_argument_that_the_builder_itself_acts_on_counts_undeclared(name: str) -> None:
    files = {"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": ""}
    found = affected([graph(files, image("a"))], graph(files, image("a", args=((name, "1"),))))
    assert [each.kind for each in found.reasons["a"]] == ["definition-changed"]


def test_new_and_removed_images() -> None:
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": "FROM scratch\n", "b/Dockerfile": "FROM scratch\n"}
    found = affected([graph(files, image("a"))], graph(files, image("b", where=Where("build.yaml", 2))))
    assert kinds(found) == {"b": [("image-added", None, "build.yaml:2")]}
    assert found.removed == ("a",)


def test_two_bases_are_united() -> None:
    one, other = FILES | {"libs/a/x.py": "x = 2\n"}, FILES | {"base/etc/os": "2\n"}
    found = affected([graph(one, BASE, API), graph(other, BASE, API)], graph(FILES, BASE, API))
    assert set(found.reasons) == {"api", "base"}
    assert {each.kind for each in found.reasons["api"]} == {"file-changed", "parent-affected"}
    twice = affected([graph(one, BASE, API)] * 2, graph(FILES, BASE, API))
    assert [each.path for each in twice.reasons["api"]] == ["libs/a/x.py"], "what holds for both is said once"


def test_an_ignore_file_counts_by_what_it_selects() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\nCOPY . /\n",
        "a/Dockerfile.dockerignore": "# none\n*.md\n",
        "a/x": "",
        "a/y.md": "",
    }
    same = files | {"a/Dockerfile.dockerignore": "*.md\n!z.md\nDockerfile.dockerignore\n"}
    found = compare(files, same, image("a"))
    assert [(each.path, each.change) for each in found.reasons["a"]] == [("a/Dockerfile.dockerignore", "deleted")]
    ignoring = {**files, "a/.dockerignore": "*"}
    assert "a" in compare(files, ignoring, image("a")).reasons  # the new file itself is copied
    narrower = {path: text for path, text in files.items() if path != "a/Dockerfile.dockerignore"}
    assert {each.path for each in compare(narrower, files, image("a")).reasons["a"]} >= {"a/y.md"}


def test_a_named_context_is_an_input() -> None:
    one = image("a", contexts=(NamedContext("proto", "folder", "shared/proto"),))
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\nCOPY --from=proto api.proto /\n",
        "shared/proto/api.proto": "1",
        "shared/x": "",
    }
    assert compare(files, files | {"shared/x": "2"}, one).reasons == {}
    found = kinds(compare(files, files | {"shared/proto/api.proto": "2"}, one))
    assert found == {"a": [("file-changed", "shared/proto/api.proto", "a/Dockerfile:2")]}


def test_an_image_behind_a_named_context_is_a_parent() -> None:
    one = image("a", contexts=(NamedContext("tools", "image", "base"),))
    files = FILES | {"a/Dockerfile": "FROM scratch\nCOPY --from=tools /etc /\n"}
    found = kinds(compare(files, files | {"base/etc/os": "9"}, BASE, one))
    assert found["a"] == [("parent-affected", "base", "a/Dockerfile:2")]
    edges = graph(files, BASE, one).nodes["a"].edges
    assert [(edge.parent, edge.kind, edge.name) for edge in edges] == [("base", "context", "tools")]


def test_declared_parents_count() -> None:
    one = image("a", depends_on=("base",))
    files = FILES | {"a/Dockerfile": "FROM scratch\n"}
    found = compare(files, files | {"base/etc/os": "9"}, BASE, one)
    assert [each.kind for each in found.reasons["a"]] == ["parent-affected"]


@pytest.mark.parametrize(("content", "expected"), [("2\n", {"a"}), ("1\n", set())])
def test_another_declared_parent_counts_where_it_is_another_image(content: str, expected: set[str]) -> None:
    text = "FROM scratch\nCOPY x /\n"
    files = {"a/Dockerfile": text, "one/Dockerfile": text, "two/Dockerfile": text, "a/x": ""}
    files |= {"one/x": "1\n", "two/x": content}
    was, now = ((image("a", depends_on=(each,)), image("one"), image("two")) for each in ("one", "two"))
    found = affected([graph(files, *was)], graph(files, *now))
    assert set(found.reasons) == expected
    head = refresh(graph(files, *was), Defined(now), MemoryTree(files), ())
    assert affected([graph(files, *was)], head, [()]) == found


def test_onbuild_and_env_of_a_parent_decide_what_a_child_reads() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "base/Dockerfile": "FROM scratch\nENV DIR=src\nONBUILD COPY conf /conf\n",
        "a/Dockerfile": "FROM shop/base\nCOPY $DIR /app\n",
        "a/src/x": "",
        "a/conf": "",
        "a/other": "",
    }
    node = graph(files, BASE, image("a")).nodes["a"]
    assert [each.path for each in node.contexts[0].entries] == ["conf", "src/x"]
    changed = files | {"base/Dockerfile": "FROM scratch\nENV DIR=other\n"}
    assert [each.path for each in graph(changed, BASE, image("a")).nodes["a"].contexts[0].entries] == ["other"]


def test_where_reads_are_not_known_the_whole_root_is_the_input() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM alpine\nCOPY $WHERE /app\n",
        "a/x": "",
        "a/y/z": "",
        "b": "",
    }
    node = graph(files, image("a")).nodes["a"]
    assert not node.exact
    assert [each.path for each in node.contexts[0].entries] == ["Dockerfile", "x", "y/z"]
    assert set(compare(files, files | {"a/y/z": "2"}, image("a")).reasons) == {"a"}
    assert compare(files, files | {"b": "2"}, image("a")).reasons == {}


def test_cycles_show_their_path() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM shop/b\n",
        "b/Dockerfile": "FROM scratch\nCOPY --from=shop/a / /\n",
    }
    with pytest.raises(DockerfileError) as caught:
        graph(files, image("a"), image("b"))
    assert [each.message for each in caught.value.problems] == ["images need each other in a circle: a → b → a"]
    files["b/Dockerfile"] = "FROM shop/a\n"
    with pytest.raises(DockerfileError, match="circle"):
        graph(files, image("a"), image("b"))


def test_all_problems_are_reported_together_and_sound_images_stay() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "b/Dockerfile": "FROM scratch\nBOGUS x\n",
        "c/Dockerfile": "FROM scratch\n",
        "d/Dockerfile": "FROM shop/b\n",
        "e/Dockerfile": "FROM scratch\nENV x\n",
    }
    problems: list[Problem] = []
    found = graph(files, *map(image, "abcde"), problems=problems)
    assert list(found.nodes) == ["c"]
    places = {str(each.where) if each.where else None for each in problems[1:]}
    assert places == {"b/Dockerfile:2:1", "e/Dockerfile:2:1"}
    assert problems[0].message == "image 'a': no Dockerfile at a/Dockerfile"


def test_a_folder_in_which_many_dockerfiles_are_missing_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    below = MemoryTree.below

    def list_(tree: MemoryTree, folder: str) -> Sequence[Entry]:
        listed.append(folder)
        return below(tree, folder)

    monkeypatch.setattr(MemoryTree, "below", list_)
    monkeypatch.setattr(MemoryTree, "folder", lambda tree, path: path == "x")
    problems: list[Problem] = []
    files = {f"x/{each}.Dockerfile": "FROM scratch\n" for each in "abcd"}
    graph(files, *(image(each, f"x/{each}") for each in "efgh"), problems=problems)
    assert {each.hints for each in problems} == {("there is x/a.Dockerfile, x/b.Dockerfile, x/c.Dockerfile",)}
    assert listed == ["x"]


def test_many_problems_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Problem] = []

    def equal(one: Problem, other: object) -> bool:
        compared.append(one)
        return one is other

    monkeypatch.setattr(Problem, "__eq__", equal)
    names = [f"i{number:03}" for number in range(200)]
    problems: list[Problem] = []
    graph({}, *map(image, names), problems=problems)
    assert [each.message for each in problems] == [
        f"image '{each}': no Dockerfile at {each}/Dockerfile" for each in names
    ]
    assert len(compared) < len(names)


def test_an_image_is_never_its_own_parent() -> None:
    found = graph({"redis/Dockerfile": "FROM redis:7\n"}, image("redis", aliases=("redis",)))
    assert found.nodes["redis"].external[0][0] == "redis:7"
    assert found.nodes["redis"].edges == ()


def test_an_alias_with_a_tag_means_that_tag_only() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\n",
        "b/Dockerfile": "FROM scratch\n",
        "c/Dockerfile": "FROM acme/demo:one\nCOPY --from=acme/demo:three / /\nCOPY --from=acme/demo:two / /x\n",
    }
    one, two = image("a", aliases=("acme/demo:one",)), image("b", aliases=("acme/demo:two",))
    node = graph(files, one, two, image("c")).nodes["c"]
    assert [(edge.parent, edge.kind) for edge in node.edges] == [("a", "from"), ("b", "copy")]
    assert [ref for ref, _ in node.external] == ["acme/demo:three"]


def test_a_source_that_nothing_matches_is_noted_with_its_line() -> None:
    node = graph({"a/Dockerfile": "FROM scratch\nCOPY x nope /\n", "a/x": ""}, image("a")).nodes["a"]
    assert [(each.source, str(each.where)) for each in node.missing] == [("nope", "a/Dockerfile:2:1")]


def test_readers_name_the_instruction() -> None:
    found = graph(FILES, BASE, API)
    assert [(each.image, each.via, str(each.where)) for each in readers(found, "libs/a/x.py")] == [
        ("api", "COPY", "api/Dockerfile:2:1")
    ]
    assert [each.image for each in readers(found, "libs")] == ["api"]
    assert [(each.image, each.via) for each in readers(found, "base/Dockerfile")] == [("base", "Dockerfile")]
    assert readers(found, "README.md") == ()
    assert "README.md" not in read_paths([found])
    assert {"libs/a/x.py", "base/Dockerfile"} <= read_paths([found])


def test_fingerprints_do_not_depend_on_where_things_lie() -> None:
    moved = {
        path.replace("a/", "deep/er/", 1): text
        for path, text in {"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": "1"}.items()
    }
    one = graph({"a/Dockerfile": "FROM scratch\nCOPY x /\n", "a/x": "1"}, image("a")).nodes["a"]
    other = graph(moved, image("a", "deep/er/Dockerfile")).nodes["a"]
    assert one.fingerprint == other.fingerprint


def test_changes_between_entries() -> None:
    one = Entry("x", FILE, "1")
    assert change_of(None, None) is None
    assert change_of(one, one) is None
    assert change_of(one, Entry("x", EXECUTABLE, "1")) == "mode"
    assert change_of(one, Entry("x", SYMLINK, "1")) == "modified"


@pytest.mark.parametrize("name", ["build", "build:latest", "library/build", "docker.io/library/build"])
@pytest.mark.parametrize("text", ["FROM scratch AS build\nCOPY x /f\n", "FROM scratch AS Build\nRUN <<A\nx\nA\n"])
def test_a_stage_is_replaced_by_a_context_however_its_name_is_spelled(name: str, text: str) -> None:
    one = image("a", contexts=(NamedContext(name, "folder", "other"),))
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": f"{text}FROM scratch\nCOPY --from=build / /\n",
        "a/x": "",
        "other/f": "1",
    }
    assert "a" in compare(files, files | {"other/f": "2"}, one).reasons
    assert "a" not in compare(files, files | {"a/x": "2"}, one).reasons


@pytest.mark.parametrize("text", ["FROM scratch AS s\nFROM s\n", "FROM scratch AS s\nFROM s AS t\n"])
def test_what_starts_from_a_replaced_stage_runs_the_triggers_of_what_replaces_it(text: str) -> None:
    one = image("c", contexts=(NamedContext("s", "image", "p"),))
    files: dict[str, str | tuple[str, str]] = {"p/Dockerfile": "FROM scratch\nONBUILD COPY x /f\n", "c/x": "1"}
    files["c/Dockerfile"] = text
    assert "c" in compare(files, files | {"c/x": "2"}, one, image("p")).reasons


def test_a_stage_replaced_by_an_image_inherits_from_it_whatever_the_order() -> None:
    one = image("a", contexts=(NamedContext("build", "image", "z"),))
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM alpine AS build\nRUN make\nFROM build\nCOPY $DIR /\n",
        "a/src/x": "",
        "z/Dockerfile": "FROM scratch\nENV DIR=src\n",
    }
    node = graph(files, one, image("z")).nodes["a"]
    assert [each.path for each in node.contexts[0].entries] == ["src/x"]
    assert node.exact


def test_what_a_parent_hands_on_is_that_of_the_childs_platform() -> None:
    both = ("linux/amd64", "linux/arm64")
    files: dict[str, str | tuple[str, str]] = {
        "base/Dockerfile": "FROM scratch\nARG TARGETARCH\nENV DIR=$TARGETARCH\n",
        "a/Dockerfile": "FROM shop/base\nCOPY $DIR /\n",
        "a/amd64": "",
        "a/arm64": "",
        "a/other": "",
    }
    node = graph(files, image("base", platforms=both), image("a", platforms=both)).nodes["a"]
    assert [each.path for each in node.contexts[0].entries] == ["amd64", "arm64"]
    one = graph(files, image("base", platforms=both), image("a", platforms=both[1:])).nodes["a"]
    assert [each.path for each in one.contexts[0].entries] == ["arm64"]
    explicit = files | {"a/Dockerfile": "FROM --platform=linux/amd64 shop/base\nCOPY $DIR /\n"}
    node = graph(explicit, image("base", platforms=both), image("a", platforms=both[1:])).nodes["a"]
    assert [each.path for each in node.contexts[0].entries] == ["amd64"]


def test_a_circle_through_named_contexts_is_a_circle() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch AS x\nFROM x\n",
        "b/Dockerfile": "FROM scratch AS x\nFROM x\n",
    }
    one = image("a", contexts=(NamedContext("x", "image", "b"),))
    other = image("b", contexts=(NamedContext("x", "image", "a"),))
    with pytest.raises(DockerfileError, match="circle: a → b → a"):
        graph(files, one, other)


PLACES = (("target", Where("build.yaml", 3, 5)), ("args.SOURCE_DATE_EPOCH", Where("build.yaml", 4, 9)))
TARGET = "target stage 'nope' could not be found"
EPOCH = "SOURCE_DATE_EPOCH is a number of seconds, not 'x'"


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("", {"target": "nope", "places": PLACES}, f"build.yaml:3:5: a/Dockerfile: {TARGET}"),
        ("", {"target": "nope", "where": Where("compose.yaml", 2)}, f"compose.yaml:2: a/Dockerfile: {TARGET}"),
        ("", {"target": "nope"}, f"a/Dockerfile: {TARGET}"),
        (
            "",
            {"args": (("SOURCE_DATE_EPOCH", "x"),), "places": PLACES},
            f"build.yaml:4:9: a/Dockerfile: {EPOCH}",
        ),
        ("ARG SOURCE_DATE_EPOCH=x\n", {"where": Where("build.yaml", 2)}, f"a/Dockerfile: {EPOCH}"),
        (
            "FROM scratch AS t\nCOPY ${X?gone} /\n",
            {"target": "t", "places": PLACES},
            "a/Dockerfile:2:1: ${X?gone}: X: gone",
        ),
    ],
)
def test_what_a_definition_says_wrong_is_said_at_its_place(text: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        graph({"a/Dockerfile": f"{text}FROM scratch\n"}, image("a", **more))
    assert str(caught.value.problems[0]) == said


# What BuildKit's client is given is the folder of the file: a link to "/" begins there, and ".." stops there.
INSIDE = ["real/now/file", "/real/now/file", "../real/now/file", "../../a/../real/v1/file", "chain", "up"]
OUTSIDE = ["../shared/file", "/a/real/v1/file", "../../outside", "/etc/passwd", "real", "/", "self", "real/v1/gone"]
LINKS: dict[str, str | tuple[str, str]] = {
    "a/real/now": ("link", "/real/v1"),
    "a/chain": ("link", "/real/chain"),
    "a/real/chain": ("link", "../../real/now/file"),
    "a/self": ("link", "self"),
    "a/up": ("link", "real/now/../v1/file"),
    "a/x": "",
    "a/y": "",
}


@pytest.mark.parametrize("target", INSIDE)
def test_a_link_to_a_dockerfile_is_followed_in_its_folder(target: str) -> None:
    files = LINKS | {"a/Dockerfile": ("link", target), "a/real/v1/file": "FROM scratch\nCOPY x /\n"}
    found = compare(files, files | {"a/real/v1/file": "FROM scratch\nCOPY x /\nUSER a\n"}, image("a"))
    assert set(found.reasons) == {"a"}
    linked = files | {"link": ("link", "a")}
    assert graph(linked, image("a", "link/Dockerfile")).nodes["a"].dockerfile.path == "a/real/v1/file"


@pytest.mark.parametrize("target", OUTSIDE)
def test_a_link_that_leads_to_no_dockerfile_in_its_folder_is_named(target: str) -> None:
    files = LINKS | {"a/Dockerfile": ("link", target), "shared/file": "FROM scratch\n", "a/real/v1/file": ""}
    with pytest.raises(DockerfileError, match="no Dockerfile at") as caught:
        graph(files, image("a"))
    assert "link" in caught.value.problems[0].hints[0]


@pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore"])
@pytest.mark.parametrize("target", [*INSIDE, *OUTSIDE])
def test_a_link_to_an_ignore_file_is_followed_in_its_folder(target: str, name: str) -> None:
    files = LINKS | {"a/Dockerfile": "FROM scratch\nCOPY x y /\n", "a/real/v1/file": "y\n", "shared/file": "x\n"}
    found = graph(files | {f"a/{name}": ("link", target)}, image("a")).nodes["a"].contexts[0]
    assert [each.path for each in found.entries] == (["x"] if target in INSIDE else ["x", "y"])


def test_a_link_at_the_git_root_is_followed_there() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "Dockerfile": ("link", "/../b/file"),
        "b/file": "FROM scratch\nCOPY x /\n",
        "x": "",
    }
    assert graph(files, image("a", "Dockerfile")).nodes["a"].dockerfile.path == "b/file"
    with pytest.raises(DockerfileError, match="no Dockerfile at gone/Dockerfile"):
        graph(files, image("a", "gone/Dockerfile", root=""))


def test_an_ignore_file_that_is_refused_is_named_with_its_line() -> None:
    files = {"a/Dockerfile": "FROM scratch\nCOPY . /\n", "a/.dockerignore": "# fine\n[a-\n"}
    with pytest.raises(DockerfileError) as caught:
        graph(files, image("a"))
    assert [str(each.where) for each in caught.value.problems] == ["a/.dockerignore:2:1"]
    children = {"b/Dockerfile": "FROM shop/a\n", "c/Dockerfile": "FROM scratch\n"}
    problems: list[Problem] = []
    found = graph(files | children, image("a"), image("b"), image("c"), problems=problems)
    assert list(found.nodes) == ["c"]
    assert len(problems) == 1


def test_an_ignore_file_that_appears_is_named() -> None:
    files = {"a/Dockerfile": "FROM scratch\nCOPY x y /\n", "a/x": "", "a/y/z": "", "a/y/k": ""}
    found = kinds(compare(files, {**files, "a/.dockerignore": "y/z\n"}, image("a")))
    assert found["a"][0] == ("definition-changed", "a/.dockerignore", None)
    gone = kinds(compare({**files, "a/.dockerignore": "y/z\n"}, files, image("a")))
    assert gone["a"][0] == ("definition-changed", "a/.dockerignore", None)


def test_an_ignore_file_that_did_not_change_is_no_reason() -> None:
    """Another one holds where the context root moves, or where the Dockerfile's own comes or goes."""
    files = {"a/Dockerfile": "FROM scratch\nCOPY . /\n", "a/x": "1", "a/.dockerignore": "z\n", "b/y": "1"}
    moved = affected([graph(files, image("a"))], graph(files, image("a", root="b")))
    assert ("definition-changed", "a/.dockerignore", None) not in kinds(moved)["a"]
    own = {**files, "a/Dockerfile.dockerignore": "x\n"}
    for before, after in ((own, files), (files, own)):
        found = kinds(compare(before, after, image("a")))
        assert [path for kind, path, _ in found["a"] if kind == "definition-changed"] == ["a/Dockerfile.dockerignore"]


def test_a_change_of_where_a_stage_starts_is_named() -> None:
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": "FROM shop/base\n", "base/Dockerfile": "FROM scratch\n"}
    other = files | {"a/Dockerfile": "\nFROM scratch\n"}
    assert kinds(compare(files, other, image("a"), BASE)) == {
        "a": [("definition-changed", "a/Dockerfile", "a/Dockerfile:2")]
    }
    less = {"a/Dockerfile": "FROM scratch\nUSER a\n"}
    assert kinds(compare(less, {"a/Dockerfile": "FROM scratch\n"}, image("a"))) == {
        "a": [("definition-changed", "a/Dockerfile", "a/Dockerfile:1")]
    }
    one = {"a/Dockerfile": "FROM scratch AS one\nUSER a\n"}
    more = {"a/Dockerfile": "FROM scratch AS one\nUSER a\nFROM one\n"}
    assert kinds(compare(one, more, image("a"))) == {"a": [("definition-changed", "a/Dockerfile", "a/Dockerfile:3")]}


def test_an_unknown_frontend_counts_byte_for_byte() -> None:
    files = {"a/Dockerfile": "# syntax=acme/frontend:1\nBUILD x\n", "a/x": ""}
    found = kinds(compare(files, files | {"a/Dockerfile": "# syntax=acme/frontend:1\nBUILD y\n"}, image("a")))
    assert ("file-changed", "a/Dockerfile", "a/Dockerfile:1") in found["a"]
    again = kinds(compare(files, files | {"a/Dockerfile": "# syntax=acme/frontend:1\nBUILD x\n# c\n"}, image("a")))
    assert set(again) == {"a"}


PROTO = NamedContext("proto", "folder", "proto")


@pytest.mark.parametrize("text", ["INCLUDE x\n", "FROM scratch\n"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"args": (("V", "1"),)}, {"args": (("V", "2"),)}),
        ({}, {"target": "z"}),
        ({"target": "y"}, {"target": "z"}),
        ({}, {"contexts": (NamedContext("c", "external", "docker-image://busybox:1"),)}),
        (
            {"contexts": (NamedContext("c", "external", "docker-image://busybox:1"),)},
            {"contexts": (NamedContext("c", "external", "docker-image://busybox:2"),)},
        ),
        ({}, {"contexts": (PROTO,)}),
        ({"contexts": (PROTO,)}, {"contexts": (replace(PROTO, name="other"),)}),
    ],
)
def test_another_frontend_is_given_all_that_build_yaml_says(
    text: str, one: dict[str, Any], other: dict[str, object]
) -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": f"# syntax=acme/frontend:1\n{text}FROM scratch AS y\nFROM scratch AS z\n",
        "proto/x": "",
    }
    first, second = (graph(files, image("a", **each)).nodes["a"].fingerprint for each in (one, other))
    assert first != second


def test_another_frontend_may_read_all_of_a_named_folder_wherever_that_lies() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "# syntax=acme/frontend:1\nFROM scratch\n",
        "proto/x": "",
        "other/x": "",
    }
    one = image("a", contexts=(PROTO,))
    assert set(compare(files, files | {"proto/x": "2"}, one).reasons) == {"a"}
    assert compare(files, files | {"other/x": "2"}, one).reasons == {}
    moved = image("a", contexts=(replace(PROTO, value="other"),))
    assert graph(files, one).nodes["a"].fingerprint == graph(files, moved).nodes["a"].fingerprint


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("INCLUDE x\nFROM shop/base\n", {}),
        ("FROM shop/base\nFROM scratch\n", {}),
        ("INCLUDE x\nFROM scratch AS s\nFROM s\nCOPY --from=shop/base x /\n", {}),
        ("INCLUDE x\nRUN --mount=type=bind,from=shop/base,target=/x true\n", {}),
        ("INCLUDE x\nONBUILD COPY --from=shop/base x /\n", {}),
        ("ARG B=base C\nINCLUDE x\nFROM shop/$B\n", {}),
        ("ARG B=x\nINCLUDE x\nFROM shop/$B\nFROM ${\n", {"args": (("B", "base"),)}),
        ("INCLUDE x\n", {"contexts": (NamedContext("tools", "image", "base"),)}),
        ("INCLUDE x\n", {"contexts": (NamedContext("tools", "external", "docker-image://shop/base"),)}),
    ],
)
def test_another_frontend_may_use_every_image_that_is_named(text: str, more: dict[str, Any]) -> None:
    files = FILES | {"a/Dockerfile": f"# syntax=acme/frontend:1\n{text}"}
    one = image("a", **more)
    assert compare(files, files | {"base/etc/os": "9"}, BASE, one).reasons["a"][0].kind == "parent-affected"
    assert [each.parent for each in graph(files, BASE, one).nodes["a"].edges] == ["base"]


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("# syntax=shop/base:1\nFROM scratch\n", ()),
        ("# syntax=shop/base:1 with words\nINCLUDE x\n", ()),
        ("FROM scratch\n", (("BUILDKIT_SYNTAX", "shop/base"),)),
    ],
)
def test_a_frontend_of_this_repository_is_a_parent(text: str, args: tuple[tuple[str, str], ...]) -> None:
    files = FILES | {"a/Dockerfile": text}
    one = image("a", args=args)
    assert compare(files, files | {"base/etc/os": "9"}, BASE, one).reasons["a"][0].kind == "parent-affected"
    assert [(each.parent, each.kind) for each in graph(files, BASE, one).nodes["a"].edges] == [("base", "syntax")]
    # One that this repository does not build is asked for all the same: it may do so later.
    names = dict(graph(files, one).nodes["a"].outline.names)
    assert [name.partition(":")[0] for name in names] == ["shop/base"]


def test_what_another_frontend_hands_on_makes_the_whole_context_of_a_child_its_input() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "base/Dockerfile": "# syntax=acme/frontend:1\nINCLUDE x\n",
        "a/Dockerfile": "FROM shop/base\nCOPY ${D:-x} /\n",
        "a/x": "",
        "a/y": "",
    }
    assert set(compare(files, files | {"a/y": "2"}, BASE, image("a")).reasons) == {"a"}
    plain = files | {"a/Dockerfile": "FROM shop/base\nCOPY x /\n"}
    assert set(compare(plain, plain | {"a/y": "2"}, BASE, image("a")).reasons) == {"a"}


def test_readers_know_submodules_ignore_files_and_children() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM shop/base\nCOPY vendored /\n",
        "a/vendored": ("submodule", "1" * 40),
        "a/.dockerignore": "*.md\n",
        "base/Dockerfile": "FROM scratch\n",
    }
    found = graph(files, image("a"), BASE)
    assert [each.image for each in readers(found, "a/vendored/deep/file.c")] == ["a"]
    assert [each.via for each in readers(found, "a/.dockerignore")] == ["ignore file"]
    assert found.children() == {"a": set(), "base": {"a"}}
    bumped = files | {"a/vendored": ("submodule", "2" * 40)}
    assert [each.path for each in compare(files, bumped, image("a"), BASE).reasons["a"]] == ["a/vendored"]


def test_a_comment_beside_a_change_of_a_file_is_no_reason() -> None:
    changed = {"api/Dockerfile": "# c\n" + str(FILES["api/Dockerfile"]), "libs/a/x.py": "2"}
    assert kinds(compare(FILES, FILES | changed, BASE, API)) == {
        "api": [("file-changed", "libs/a/x.py", "api/Dockerfile:3")]
    }


def test_the_second_of_two_stages_may_start_elsewhere() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch AS x\nFROM shop/base\nCOPY --from=x / /\n",
        "base/Dockerfile": "FROM scratch\n",
    }
    other = files | {"a/Dockerfile": "FROM scratch AS x\nFROM scratch\nCOPY --from=x / /\n"}
    assert kinds(compare(files, other, image("a"), BASE))["a"] == [
        ("definition-changed", "a/Dockerfile", "a/Dockerfile:2")
    ]


def test_a_path_read_through_a_link_names_the_first_read() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\nCOPY now/x /\n",
        "a/now": ("link", "v1"),
        "a/v1/x": "1",
    }
    found = kinds(compare(files, files | {"a/v1/x": "2"}, image("a")))
    assert found == {"a": [("file-changed", "a/v1/x", "a/Dockerfile:2")]}


def test_whatever_is_no_image_reference_is_no_parent() -> None:
    files: dict[str, str | tuple[str, str]] = {"a/Dockerfile": "FROM scratch\nRUN --mount=from=UPPER,target=/x true\n"}
    with pytest.raises(DockerfileError, match="UPPER"):
        graph(files, image("a"))
    assert Lookup(filed([image("a", aliases=("NOT A NAME",))])).image_of(image("b"), "NOT A NAME") == ""


def test_the_repository_itself_can_be_the_context() -> None:
    node = graph(
        {"Dockerfile": "FROM scratch\nCOPY . /\n", ".dockerignore": "x\n", "x": "", "y": ""}, image("a", "Dockerfile")
    )
    assert [each.path for each in node.nodes["a"].contexts[0].entries] == [".dockerignore", "Dockerfile", "y"]


def test_one_dockerfile_for_two_images_is_read_once_and_evaluated_twice() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "Dockerfile": "ARG BASE=scratch\nFROM $BASE\nARG DIR\nCOPY $DIR /\n",
        ".dockerignore": "two/z\n",
        "two/z": "",
        "one/x": "",
        "two/y": "",
    }
    found = graph(
        files,
        image("a", "Dockerfile", args=(("DIR", "one"),)),
        image("b", "Dockerfile", args=(("DIR", "two"), ("BASE", "shop/a"))),
    )
    assert [each.path for each in found.nodes["b"].contexts[0].entries] == ["two/y"]
    assert found.nodes["b"].parents == ("a",)


def test_an_external_image_may_stand_behind_a_named_context() -> None:
    one = image("a", contexts=(NamedContext("alpine", "external", "docker-image://alpine:3.20"),))
    node = graph({"a/Dockerfile": "FROM alpine\n"}, one).nodes["a"]
    assert [ref for ref, _ in node.external] == ["docker-image://alpine:3.20"]


def test_inputs_of_a_broken_circle_leave_others_alone() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM shop/b\n",
        "b/Dockerfile": "FROM shop/a\n",
        "c/Dockerfile": "FROM shop/b\n",
        "d/Dockerfile": "FROM scratch\nCOPY --from=shop/a / /\n",
        "e/Dockerfile": "FROM scratch\n",
    }
    problems: list[Problem] = []
    found = graph(files, *(image(name) for name in "abcde"), problems=problems)
    assert list(found.nodes) == ["e"]
    assert len(problems) == 1


def test_a_named_context_may_name_an_image_of_this_repository_as_any_other() -> None:
    one = image("a", contexts=(NamedContext("tools", "external", "docker-image://shop/base:1"),))
    found = graph(FILES | {"a/Dockerfile": "FROM tools\n"}, BASE, one).nodes["a"]
    assert [(edge.parent, edge.kind, edge.name) for edge in found.edges] == [("base", "context", "tools")]
    other = image("a", contexts=(NamedContext("tools", "external", "https://example.com/tools.git"),))
    outside = graph({"a/Dockerfile": "FROM tools\n"}, other).nodes["a"]
    assert (outside.edges, outside.external[0][0]) == ((), "https://example.com/tools.git")


def test_links_on_the_way_to_a_context_root_are_followed() -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\nCOPY . /\nCOPY --from=more . /\n",
        "now": ("link", "versions/v1"),
        "versions/v1/sub/x": "1",
        "versions/v1/.dockerignore": "y\n",
        "versions/v1/y": "",
        "shared/e": "1",
        "back": ("link", "versions/../shared"),
        "top": ("link", "."),
    }
    one = image("a", root="now", contexts=(NamedContext("more", "folder", "back"),))
    assert set(compare(files, files | {"versions/v1/sub/x": "2"}, one).reasons) == {"a"}
    assert set(compare(files, files | {"shared/e": "2"}, one).reasons) == {"a"}
    assert compare(files, files | {"versions/v1/y": "2"}, one).reasons == {}
    assert set(compare(files, files | {"now": ("link", "shared")}, one).reasons) == {"a"}
    assert set(
        compare(files, files | {"versions/v1/sub/x": "2"}, image("a", root="top", contexts=one.contexts)).reasons
    )


@pytest.mark.parametrize("root", ["nowhere", "out", "a/Dockerfile", "round"])
def test_a_context_root_that_is_no_folder_is_an_error(root: str) -> None:
    files: dict[str, str | tuple[str, str]] = {
        "a/Dockerfile": "FROM scratch\nCOPY . /\nCOPY --from=more x /\n",
        "out": ("link", "../elsewhere"),
        "round": ("link", "round"),
    }
    with pytest.raises(DockerfileError, match=f"image 'a': the context is {root}, and there is no such folder"):
        graph(files, image("a", root=root))
    more = (NamedContext("more", "folder", root),)
    with pytest.raises(DockerfileError, match=f"the named context 'more' is {root}"):
        graph(files, image("a", contexts=more))


def test_a_folder_that_is_ignored_is_missing() -> None:
    text = "FROM scratch\nCOPY src lib /\n"
    files = {"web/Dockerfile": text, "web/.dockerignore": "src\n", "web/src/a": "1", "web/lib/b": "1"}
    (found,) = graph(files, image("web")).nodes["web"].missing
    assert (found.source, found.where.line) == ("src", 2)


@pytest.mark.parametrize("include", [("lib",), ("lib", "s*", "!src"), ("lib/b", "src/b")])
def test_what_include_leaves_out_is_missing(include: tuple[str, ...]) -> None:
    """What is not sent BuildKit does not find, as where an ignore file keeps it out."""
    text = "FROM scratch\nCOPY src lib /\nCOPY . /all\n"
    files = {"web/Dockerfile": text, "web/src/a": "1", "web/lib/b": "1"}
    (found,) = graph(files, image("web", include=include)).nodes["web"].missing
    assert (found.source, found.where.line) == ("src", 2)
    assert graph(files, image("web", include=("lib/*", "src/a"))).nodes["web"].missing == ()


@pytest.mark.parametrize("ignore", [{}, {".dockerignore": "nothing\n"}])
def test_what_one_image_excludes_another_may_take(ignore: dict[str, str]) -> None:
    """Although their contexts lie at the same place, and the same ignore file holds, if any."""
    images = image("a", root="", exclude=("x",)), image("b", root=""), image("c", root="", exclude=("y",))
    files = {f"{each.name}/Dockerfile": "FROM scratch\nCOPY . /\n" for each in images} | {"x": "1", "y": "1"} | ignore
    assert set(compare(files, files | {"x": "2"}, *images).reasons) == {"b", "c"}
    nodes = graph(files, *images).nodes
    taken = {name: {each.path for each in node.contexts[0].entries} & {"x", "y"} for name, node in nodes.items()}
    assert taken == {"a": {"y"}, "b": {"x", "y"}, "c": {"x"}}


def test_one_line_may_read_more_than_one_context() -> None:
    bind = "--mount=type=bind,source={0},target=/{0}"
    text = f"FROM scratch\nRUN {bind.format('one')} {bind.format('two')},from=more true\n"
    files = {"web/Dockerfile": text, "web/one": "1", "more/two": "1", "more/one": "1"}
    web = image("web", contexts=(NamedContext("more", "folder", "more"),))
    reads = graph(files, web).nodes["web"].outline.reads
    assert [(each.context, each.sources, each.where.line) for each in reads] == [
        ("", ("one",), 2),
        ("more", ("two",), 2),
    ]
    assert set(compare(files, files | {"web/one": "2"}, web).reasons) == {"web"}
    assert set(compare(files, files | {"more/two": "2"}, web).reasons) == {"web"}
    assert not compare(files, files | {"more/one": "2"}, web).reasons


def test_a_line_of_a_parent_that_is_met_twice_reads_once() -> None:
    files = {
        "base/Dockerfile": "FROM scratch\nONBUILD COPY one /\n",
        "web/Dockerfile": "FROM shop/base AS x\nFROM shop/base\nCOPY --from=x /one /two\n",
        "web/one": "1",
    }
    places = ("linux/amd64", "linux/arm64")
    for platforms in (places[:1], places):
        images = image("base", platforms=platforms), image("web", platforms=platforms)
        reads = graph(files, *images).nodes["web"].outline.reads
        assert len(reads) == len(set(reads))
        assert {each.sources for each in reads} == {("one",)}
