"""What images are called, and under which references they are known."""

from __future__ import annotations

import pytest

from mbuild.graph.build import build_graph
from tests.discovery.finding import SCRATCH, Files, affected_by, find, images, loaded, notes, shown, written
from tests.trees import MemoryTree


def parents(files: Files) -> dict[str, list[str]]:
    """Return the parents of each image once what was discovered is written and read again."""
    graph = build_graph(loaded(written(files), files), MemoryTree(files), "linux/amd64")
    return {name: list(node.parents) for name, node in graph.nodes.items()}


def compose(*services: str) -> str:
    return "services:\n" + "".join(f"  {each}\n" for each in services)


def test_upper_case_and_odd_characters_become_a_valid_name() -> None:
    files = {"compose.yaml": compose("Front.End_: {build: .}", "frontendTests: {build: {context: ., target: t}}")}
    assert list(images({**files, "Dockerfile": "FROM scratch AS t\n"})) == ["front.end", "frontendtests"]


def test_namesakes_are_told_apart_by_file_folder_and_number() -> None:
    files = {
        "compose.yaml": compose("web: {build: ./a}", "Web: {build: ./b}"),
        "compose.dev.yaml": compose("web: {build: ./c}"),
        "x/compose.yaml": compose("web: {build: .}", "api: {build: ./api}"),
        "y/compose.yaml": compose("web: {build: .}", "api: {build: ./api}"),
        **{f"{each}/Dockerfile": f"# {each}\n{SCRATCH}" for each in ("a", "b", "c", "x", "y", "x/api", "y/api")},
    }
    made = {each.build.context: name for name, each in images(files).items()}
    assert made == {
        "a": "web",
        "b": "web-2",
        "c": "web-dev",
        "x": "x-web",
        "y": "y-web",
        "x/api": "x-api",
        "y/api": "y-api",
    }


def test_names_do_not_depend_on_the_order_of_files() -> None:
    files = {f"{each}/compose.yaml": compose("web: {build: .}") for each in "zyx"}
    files |= {f"{each}/Dockerfile": SCRATCH for each in "yzx"}
    assert written(files) == written(dict(sorted(files.items())))


def test_an_image_is_not_called_as_a_public_one_that_another_uses() -> None:
    files = {
        "compose.yaml": compose("nginx: {build: ./nginx}", "web: {build: ./web}"),
        "nginx/Dockerfile": "FROM debian:12\n",
        "web/Dockerfile": "FROM nginx:1.27\n",
    }
    assert list(images(files)) == ["nginx-image", "web"]
    assert parents(files) == {"nginx-image": [], "web": []}
    assert images(files)["nginx-image"].guesses == ("not called nginx: that is an external image in web/Dockerfile",)


def test_a_published_library_name_means_its_own_tag_only() -> None:
    files = {
        "compose.yaml": compose("db: {build: ./db, image: 'postgres:ours'}", "a: {build: ./a}", "b: {build: ./b}"),
        "db/Dockerfile": SCRATCH,
        "a/Dockerfile": "FROM postgres:ours\n",
        "b/Dockerfile": "FROM postgres:16\n",
    }
    assert parents(files) == {"a": ["db"], "b": [], "db": []}


def test_plain_dockerfiles_refer_to_each_other_by_folder() -> None:
    files = {"base/Dockerfile": SCRATCH, "tools/Dockerfile": SCRATCH}
    files["app/Dockerfile"] = "FROM base\nCOPY --from=tools /x /\n"
    assert parents(files)["app"] == ["base", "tools"]


def test_a_plain_folder_called_as_what_its_dockerfile_starts_from_is_not_meant_by_others() -> None:
    files = {"redis/Dockerfile": "FROM redis:7\n", "app/Dockerfile": "FROM redis\n"}
    assert parents(files) == {"app": [], "redis-image": []}


def test_images_known_by_one_repository_keep_their_tags() -> None:
    files = {
        ".env": "IMAGE_NAME=ghcr.io/acme/demo\nVERSION=1.0\n",
        "compose.yaml": compose(
            "front: {build: ./front, image: '${IMAGE_NAME}:${VERSION}-front'}",
            "back: {build: ./back, image: '${IMAGE_NAME}:${VERSION}-back'}",
        ),
        "front/Dockerfile": "FROM scratch\nCOPY --from=ghcr.io/acme/demo:1.0-back /x /\n",
        "back/Dockerfile": SCRATCH,
    }
    assert shown(images(files)["front"])["aliases"] == ["ghcr.io/acme/demo:1.0-front"]
    assert parents(files) == {"front": ["back"], "back": []}


def test_an_alias_without_a_tag_is_found_under_any() -> None:
    files = {
        "compose.yaml": compose("b: {build: ./b, image: 'acme/base:${TAG}'}", "a: {build: ./a}"),
        "b/Dockerfile": SCRATCH,
        "a/Dockerfile": "FROM acme/base:2\n",
    }
    assert shown(images(files)["b"])["aliases"] == ["acme/base"]
    assert parents(files)["a"] == ["b"]


def test_what_most_names_begin_with_is_the_registry() -> None:
    files = {
        "compose.yaml": compose(
            "api: {build: ./api, image: 'r.example.com/x/api:1'}",
            "web: {build: ./web, image: r.example.com/x/web}",
        ),
        "api/Dockerfile": SCRATCH,
        "web/Dockerfile": SCRATCH,
    }
    found = find(files)
    assert (found.registry, found.registry_guessed) == ("r.example.com/x", False)
    assert [each.aliases for each in found.images] == [(), ()]


def test_a_registry_is_guessed_from_two_from_lines_and_said_so() -> None:
    files = {
        "img/base/Dockerfile": SCRATCH,
        "img/mid/Dockerfile": "ARG R=q.example.com\nFROM $R/acme/base\n",
        "img/top/Dockerfile": "FROM q.example.com/acme/mid:latest\n",
    }
    assert find(files).registry == "q.example.com/acme"
    assert notes(files) == ["registry 'q.example.com/acme' was guessed from the FROM lines of the Dockerfiles"]
    assert parents(files) == {"base": [], "mid": ["base"], "top": ["mid"]}


def test_one_such_line_proves_nothing_and_is_reported() -> None:
    files = {"kafka/Dockerfile": SCRATCH, "app/Dockerfile": "FROM apache/kafka:4\n"}
    assert find(files).registry == ""
    said = "'apache/kafka' may mean the image 'kafka', and is taken for an external image"
    assert notes(files) == [f"app/Dockerfile:1:1: {said}"]


@pytest.mark.parametrize("path", ["{name}/{tag}/Dockerfile", "{tag}/{name}/Dockerfile", "img/{name}/Dockerfile.{tag}"])
def test_a_name_and_tag_that_folders_have_is_proven_by_two_and_said_so(path: str) -> None:
    files = {path.format(name="base", tag=tag): SCRATCH for tag in ("1.0", "2.0", "3.0")}
    files |= {path.format(name="app", tag=tag): f"FROM acme/base:{tag}\n" for tag in ("1.0", "2.0", "4.0")}
    given = {each.build.dockerfile: each.aliases for each in find(files).images if each.aliases}
    assert given == {path.format(name="base", tag=tag): (f"acme/base:{tag}",) for tag in ("1.0", "2.0")}
    assert notes(files) == ["'acme/base:1.0' and 1 more: guessed from folders and the FROM lines of the Dockerfiles"]
    assert "is guessed from the folders\n" in written(files)
    before = files | {path.format(name="base", tag="1.0"): "FROM busybox\n"}
    assert affected_by(before, files) == {each.name for each in find(files).images if "1.0" in each.build.dockerfile}


def test_a_tag_in_two_folders_is_one_word() -> None:
    files = {f"py/{tag}/alpine/Dockerfile": SCRATCH for tag in "34"}
    files |= {f"app/{tag}/Dockerfile": f"FROM q.example.com/py:{tag}-alpine\n" for tag in "34"}
    given = [each.aliases for each in find(files).images if each.aliases]
    assert given == [("q.example.com/py:3-alpine",), ("q.example.com/py:4-alpine",)]


def test_a_name_and_a_tag_prove_together_what_is_before_both() -> None:
    files = {
        "tool/Dockerfile": SCRATCH,
        "base/latest/Dockerfile": SCRATCH,
        "app/Dockerfile": "FROM acme/base\nCOPY --from=acme/tool:1 /x /\n",
    }
    assert parents(files) == {"app": ["latest", "tool"], "latest": [], "tool": []}
    assert notes(files) == ["'acme/base:latest' and 1 more: guessed from folders and the FROM lines of the Dockerfiles"]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="one alone"),
        pytest.param({"db/2/Dockerfile": "FROM acme/db:2\n"}, id="its own Dockerfile uses the other"),
        pytest.param({"db/2/Dockerfile": SCRATCH, "app/2/Dockerfile": "FROM other/db:2\n"}, id="elsewhere each"),
        pytest.param(
            {"x/db/2/Dockerfile": SCRATCH, "y/db/2/Dockerfile": SCRATCH, "app/2/Dockerfile": "FROM acme/db:2\n"},
            id="the folders of two images say the other",
        ),
    ],
)
def test_a_name_and_tag_without_proof_is_reported(more: Files) -> None:
    files = {"base/1/Dockerfile": SCRATCH, "app/1/Dockerfile": "FROM acme/base:1\n", **more}
    said = "'acme/base:1' may mean the image 'base-1', and is taken for an external image"
    assert f"app/1/Dockerfile:1:1: {said}" in notes(files)
    assert parents(files)["app-1"] == []


def test_what_a_source_publishes_is_not_what_folders_say() -> None:
    files = {"compose.yaml": compose("own: {build: ./own, image: 'acme/base:1'}"), "own/Dockerfile": SCRATCH}
    files |= {f"{name}/{tag}/Dockerfile": SCRATCH for name in ("base", "mid") for tag in "12"}
    files |= {f"app/{tag}/Dockerfile": f"FROM acme/base:{tag}\n" for tag in "12"}
    found = parents(files)
    assert {name: each for name, each in found.items() if name.startswith("app")} == {
        "app-1": ["own"],
        "app-2": ["own"],
    }


def test_a_reference_to_what_was_set_aside_is_reported() -> None:
    files = {
        "compose.yaml": compose("app: {build: ./app}"),
        "app/Dockerfile": "FROM acme/base-py\n",
        "tests/docker/base-py.Dockerfile": SCRATCH,
        "tool/Dockerfile": "FROM acme/docker:base-py\n",
    }
    said = "may mean 'tests/docker/base-py.Dockerfile', which nothing states, and is taken for an external image"
    assert notes(files) == [
        f"app/Dockerfile:1:1: 'acme/base-py' {said}",
        f"tool/Dockerfile:1:1: 'acme/docker:base-py' {said}",
    ]


def test_what_two_projects_call_different_images_means_neither() -> None:
    files = {
        **{f"{each}/compose.yaml": compose("app: {build: ./app, image: acme/app}") for each in "xy"},
        **{f"{each}/app/Dockerfile": f"# {each}\n{SCRATCH}" for each in "xy"},
        "z/Dockerfile": "FROM acme/app\n",
    }
    assert [each.aliases for each in find(files).images] == [(), (), ()]
    assert notes(files)[0].startswith("z/Dockerfile:1:1: 'acme/app' may mean the image 'y-app'")


def test_a_variant_that_publishes_the_same_name_is_not_what_it_means() -> None:
    files = {
        "compose.yaml": compose("app: {build: ./app, image: acme/app}"),
        "compose.dev.yaml": compose("app: {build: {context: ./app, target: dev}, image: acme/app}"),
        "app/Dockerfile": "FROM scratch AS dev\nFROM scratch\n",
    }
    assert {name: each.aliases for name, each in images(files).items()} == {"app": ("acme/app",), "app-dev": ()}


def test_what_differs_however_far_away_is_no_one_image() -> None:
    """Contexts of contexts count: two chains that differ at their beginning only are two at their end, too."""
    text = "services:\n"
    for kind in ("alpine", "debian"):
        text += f"  base-{kind}: {{build: {{context: ./a, args: {{V: {kind}}}}}}}\n"
        for name, made_from in (("mid", "base"), ("top", "mid"), ("app", "top")):
            made = f"additional_contexts: {{under: 'service:{made_from}-{kind}'}}"
            text += f"  {name}-{kind}: {{build: {{context: ./{name}, {made}}}}}\n"
    folders = ("a", "mid", "top", "app")
    found = images({"compose.yaml": text, **{f"{each}/Dockerfile": SCRATCH for each in folders}})
    assert len(found) == 8
    assert dict(found["app-debian"].contexts) == {"under": "image:top-debian"}


def test_images_in_a_circle_are_found_all() -> None:
    text = "services:\n"
    for number in range(6):
        others = ", ".join(f"c{each}: 'service:s{each}'" for each in range(6) if each != number)
        text += f"  s{number}: {{build: {{context: ./a, additional_contexts: {{{others}}}}}}}\n"
    assert len(images({"compose.yaml": text, "a/Dockerfile": SCRATCH})) == 6


@pytest.mark.parametrize(
    ("platforms", "names"),
    [
        (["[linux/amd64]", "[linux/arm64]"], {"a0": ("linux/amd64",), "a1": ("linux/arm64",)}),
        (["[linux/amd64]", "[linux/amd64]"], {"a0": ("linux/amd64",)}),
        (["[]", "[linux/amd64, linux/arm64]"], {"a0": ("linux/amd64", "linux/arm64")}),
        (
            ["[linux/amd64, linux/s390x]", "[linux/amd64, linux/arm64]"],
            {"a0": ("linux/amd64", "linux/s390x", "linux/arm64")},
        ),
        (["[]", "[linux/arm64]", "[linux/amd64]"], {"a0": ("linux/arm64",), "a2": ("linux/amd64",)}),
    ],
)
def test_builds_for_one_platform_each_are_an_image_each(
    platforms: list[str], names: dict[str, tuple[str, ...]]
) -> None:
    stated = [f"a{number}: {{build: {{context: ., platforms: {each}}}}}" for number, each in enumerate(platforms)]
    found = images({"compose.yaml": "services: {" + ", ".join(stated) + "}\n", "Dockerfile": SCRATCH})
    assert {name: each.build.platforms for name, each in found.items()} == names


def test_builds_with_other_labels_are_other_images() -> None:
    text = "services:\n" + "".join(f"  {each}: {{build: {{context: ., labels: {{role: {each}}}}}}}\n" for each in "ab")
    found = images({"compose.yaml": text, "Dockerfile": SCRATCH})
    assert {name: each.build.labels for name, each in found.items()} == {"a": (("role", "a"),), "b": (("role", "b"),)}
