"""build.yaml → project: what each key means and what is filled in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.config.load import load
from mbuild.config.nodes import Fields, Items, Scalar
from mbuild.config.places import places
from mbuild.errors import ConfigError, Where
from mbuild.images import ExpectedFile, ImageDef, ImageTest, NamedContext, Project, Secret, Ssh

DESIGN = """\
version: 1
project: shop
registry: registry.example.com/shop      # optional: images are named REGISTRY/NAME, else PROJECT/NAME
discover: ["services/*/Dockerfile"]       # optional: one image per match, named after its folder
defaults: {builder: auto, platforms: [linux/amd64], args: {}}
images:
  api:
    dockerfile: services/api/Dockerfile
    context: .
    target: runtime
    args: {PYTHON: "3.12"}
    contexts: {proto: ./proto, tools: "image:tools", certs: "docker-image://alpine:3.20"}
    aliases: [acme/api]
    include: []
    exclude: []
    depends_on: []
    secrets: [{id: npm, env: NPM_TOKEN}]
    tags: ["{commit}"]
    platforms: []
  tools:
"""
TREE = ["services/api/Dockerfile", "services/api/main.py", "services/web/Dockerfile", "tools/Dockerfile"]


def project(text: str, folder: str = "", tree: list[str] | None = None) -> Project:
    paths = None if tree is None else lambda _: tree
    return load(text.encode(), shown="b.yaml", folder=folder, tree_paths=paths, path="b.yaml")


def image(text: str, folder: str = "", name: str = "api") -> ImageDef:
    """Return the image of a build.yaml whose entry is ``text``."""
    found = project(f"images:\n  {name}: {text}\n  tools: {{}}\n", folder).image(name)
    assert found is not None
    return found


def at(line: int, col: int) -> Where:
    return Where("b.yaml", line, col)


def test_the_example_of_the_manual() -> None:
    shop = project(DESIGN, tree=TREE)
    assert (shop.name, shop.registry, shop.path, shop.shown) == (
        "shop",
        "registry.example.com/shop",
        "b.yaml",
        "b.yaml",
    )
    assert [each.name for each in shop.images] == ["api", "tools", "web"]
    assert shop.images[0] == ImageDef(
        name="api",
        full_name="registry.example.com/shop/api",
        dockerfile="services/api/Dockerfile",
        context_root="",
        target="runtime",
        args=(("PYTHON", "3.12"),),
        contexts=(
            NamedContext("certs", "external", "docker-image://alpine:3.20", at(12, 61)),
            NamedContext("proto", "folder", "proto", at(12, 23)),
            NamedContext("tools", "image", "tools", at(12, 39)),
        ),
        aliases=("acme/api",),
        secrets=(Secret("npm", "NPM_TOKEN"),),
        tags=("{commit}",),
        platforms=("linux/amd64",),
        where=at(7, 3),
    )
    assert shop.images[1] == ImageDef(
        name="tools",
        full_name="registry.example.com/shop/tools",
        dockerfile="tools/Dockerfile",
        context_root="tools",
        platforms=("linux/amd64",),
        where=at(20, 3),
    )
    assert shop.images[2] == ImageDef(
        name="web",
        full_name="registry.example.com/shop/web",
        dockerfile="services/web/Dockerfile",
        context_root="services/web",
        platforms=("linux/amd64",),
        where=at(4, 12),
    )


def test_keys_know_their_places() -> None:
    shop = project(DESIGN, tree=TREE)
    api, tools, web = shop.images
    expected = {
        "dockerfile": at(8, 17),
        "context": at(9, 14),
        "target": at(10, 13),
        "args": at(11, 5),
        "args.PYTHON": at(11, 20),
        "contexts.tools": at(12, 39),
        "aliases.acme/api": at(13, 15),
        "depends_on": at(16, 5),
        "secrets": at(17, 5),
        "secrets.npm": at(17, 15),
        "tags.{commit}": at(18, 12),
        "platforms": at(19, 5),
        "builder": at(5, 21),
        "nothing": at(7, 3),
    }
    assert {key: api.place(key) for key in expected} == expected
    assert tools.place("platforms") == at(5, 27)
    assert tools.place("dockerfile") == at(20, 3)
    assert (web.place("dockerfile"), web.place("target")) == (at(4, 12), at(4, 12))


def test_places_of_what_the_models_would_refuse() -> None:
    entry = Fields(
        1, 1, {"a": (Scalar(1, 1, "a"), Items(1, 3, (Items(1, 4, ()), Fields(1, 5, {}), Scalar(1, 6, "x"))))}
    )
    assert [name for name, _ in places(entry)] == ["a", "a.x"]
    assert list(places(Scalar(1, 1, ""))) == []


@pytest.mark.parametrize(
    ("entry", "folder", "dockerfile", "root"),
    [
        ("", "", "api/Dockerfile", "api"),
        ("~", "", "api/Dockerfile", "api"),
        ("{}", "sub", "sub/api/Dockerfile", "sub/api"),
        ("{dockerfile: x/Dockerfile.dev}", "", "x/Dockerfile.dev", "x"),
        ("{dockerfile: Dockerfile}", "", "Dockerfile", ""),
        ("{dockerfile: Dockerfile}", "sub/dir", "sub/dir/Dockerfile", "sub/dir"),
        ("{context: x}", "", "x/Dockerfile", "x"),
        ("{context: .}", "", "Dockerfile", ""),
        ("{context: .}", "sub", "sub/Dockerfile", "sub"),
        ("{context: ./x//y/../z/}", "sub", "sub/x/z/Dockerfile", "sub/x/z"),
        ("{context: .., dockerfile: ../a/Dockerfile}", "sub/dir", "sub/a/Dockerfile", "sub"),
        ("{context: ..}", "sub", "Dockerfile", ""),
        ("{context: x, dockerfile: y/D}", "", "y/D", "x"),
        ("{context: 'a: b #c', dockerfile: ..x/D}", "", "..x/D", "a: b #c"),
    ],
)
def test_dockerfile_and_context_fill_each_other_in(entry: str, folder: str, dockerfile: str, root: str) -> None:
    api = image(entry, folder)
    assert (api.dockerfile, api.context_root) == (dockerfile, root)


def test_a_name_with_folders_is_its_default_folder() -> None:
    assert image("", name="a/b.c").dockerfile == "a/b.c/Dockerfile"


@pytest.mark.parametrize(
    ("head", "full"),
    [
        ("", "api"),
        ("project: shop", "shop/api"),
        ("registry: localhost:5000", "localhost:5000/api"),
        ("{project: shop, registry: r.io/x}", "r.io/x/api"),
    ],
)
def test_registry_then_project_make_the_full_name(head: str, full: str) -> None:
    body = head[:-1] + ", images: {api: }}" if head.startswith("{") else f"{head}\nimages: {{api: }}\n"
    assert project(body).images[0].full_name == full


def test_args_are_the_text_that_is_written() -> None:
    written = "{A: 3.10, B: on, C: 017, D: true, E: '', F: 0x1F, G: 1e3, H: 12:30, I: 'x\ty', J: \"\\n\", K: 1_0}"
    assert image(f"{{args: {written}}}").args == (
        ("A", "3.10"),
        ("B", "on"),
        ("C", "017"),
        ("D", "true"),
        ("E", ""),
        ("F", "0x1F"),
        ("G", "1e3"),
        ("H", "12:30"),
        ("I", "x\ty"),
        ("J", "\n"),
        ("K", "1_0"),
    )


def test_defaults_hold_where_an_image_says_nothing() -> None:
    text = """\
defaults:
  builder: oci
  platforms: [linux/aarch64, linux/arm64/v8]
  args: {A: 1, B: 2}
images:
  a:
  b: {builder: docker, platforms: [linux/arm], args: {B: 3, C: 4}}
  c: {platforms: []}
"""
    a, b, c = project(text).images
    assert (a.builder, a.platforms, a.args) == ("oci", ("linux/arm64",), (("A", "1"), ("B", "2")))
    assert (b.builder, b.platforms) == ("docker", ("linux/arm/v7",))
    assert b.args == (("A", "1"), ("B", "3"), ("C", "4"))
    assert c.platforms == ("linux/arm64",)
    assert (b.place("args.A"), b.place("args.B")) == (at(4, 13), at(7, 58))
    assert (a.where, a.place("builder")) == (at(6, 3), at(2, 12))


def test_without_any_defaults_the_builder_is_chosen_later() -> None:
    assert (image("").builder, image("").platforms) == ("auto", ())


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        (".", "folder", "sub"),
        ("./proto", "folder", "sub/proto"),
        ("proto/", "folder", "sub/proto"),
        ("../proto", "folder", "proto"),
        ("./odd:name", "folder", "sub/odd:name"),
        ("./github.com/x", "folder", "sub/github.com/x"),
        ("1:2", "folder", "sub/1:2"),
        ("image:tools", "image", "tools"),
        ("target:tools", "image", "tools"),
        ("service:tools", "image", "tools"),
        ("docker-image://alpine:3.20", "external", "docker-image://alpine:3.20"),
        ("docker-image://scratch", "external", "docker-image://scratch"),
        (f"oci-layout://x@sha256:{'0' * 64}", "external", f"oci-layout://x@sha256:{'0' * 64}"),
        ("https://example.com/x.tar", "external", "https://example.com/x.tar"),
        ("git://example.com/x#main", "external", "git://example.com/x#main"),
        ("git@example.com:x/y.git", "external", "git@example.com:x/y.git"),
        ("ssh://git@example.com/x", "external", "ssh://git@example.com/x"),
        ("github.com/x/y", "external", "github.com/x/y"),
    ],
)
def test_a_named_context_is_a_folder_an_image_or_external(written: str, kind: str, value: str) -> None:
    found = image(f'{{contexts: {{"x:1": "{written}"}}}}', "sub").contexts
    assert found == (NamedContext("x:1", kind, value, at(2, 27)),)


@pytest.mark.parametrize(
    ("entry", "secret"),
    [
        ("{id: a, env: B}", Secret("a", env="B")),
        ("{id: a, file: x/../y}", Secret("a", file="sub/y")),
        ("{id: a, src: ../../y}", Secret("a", file="../y")),
        ("{id: a, file: /run/y}", Secret("a", file="/run/y")),
        ("{id: a, file: ~/.npmrc}", Secret("a", file="~/.npmrc")),
    ],
)
def test_a_secret_is_a_variable_or_a_file(entry: str, secret: Secret) -> None:
    assert image(f"{{secrets: [{entry}]}}", "sub").secrets == (secret,)


def test_what_is_handed_on_to_buildx() -> None:
    found = image(
        "{ssh: [default, 'key=~/.ssh/id,../k,/s'], labels: {b: 1.10, a: ''},"
        " cache_from: ['r.io/x:{name}', 'type=local,src=c', 'r.io/x:{name}'], cache_to: ['type=gha,mode=max']}",
        "sub",
    )
    assert found.ssh == (Ssh("default"), Ssh("key", ("~/.ssh/id", "k", "/s")))
    assert found.labels == (("a", ""), ("b", "1.10"))
    assert found.cache_from == ("type=registry,ref=r.io/x:{name}", "type=local,src=sub/c")
    assert found.cache_to == ("type=gha,mode=max",)


def test_labels_of_the_defaults_are_merged_and_caches_replaced() -> None:
    shop = project(
        "defaults: {labels: {a: 1, b: 2}, cache_from: [x], cache_to: [y]}\n"
        "images: {api: {labels: {b: 3}, cache_from: []}, web: }\n"
    )
    api, web = shop.images
    assert (api.labels, web.labels) == ((("a", "1"), ("b", "3")), (("a", "1"), ("b", "2")))
    assert (api.cache_from, api.cache_to) == ((), ("type=registry,ref=y",))
    assert web.cache_from == ("type=registry,ref=x",)


def test_lists_keep_their_order_and_lose_what_is_there_twice() -> None:
    api = image(
        "{include: [b, a, b], exclude: [b, '!a', b], aliases: [b, a, b], tags: [b, 1.10, b],"
        " depends_on: [tools, tools]}"
    )
    assert (api.include, api.exclude) == (("b", "a", "b"), ("b", "!a", "b"))
    assert (api.aliases, api.tags, api.depends_on) == (("b", "a"), ("b", "1.10"), ("tools",))


def test_patterns_are_read_as_lines_of_an_ignore_file() -> None:
    """moby/patternmatcher `ignorefile.ReadAll`: a slash in front says nothing, and paths are cleaned."""
    api = image("{include: [/src, ./a/../b/, ' c ', '! /d', '[e]*'], exclude: [/f]}")
    assert (api.include, api.exclude) == (("src", "b", "c", "!d", "[e]*"), ("f",))


def test_keys_without_a_value_count_as_absent() -> None:
    keys = (
        "dockerfile context target args contexts aliases include exclude depends_on secrets ssh labels "
        "cache_from cache_to tags platforms builder test"
    )
    assert image("{" + ", ".join(f"{key}: ~" for key in keys.split()) + "}") == image("{}")
    heads = "".join(f"{key}:\n" for key in ("version", "project", "registry", "discover", "defaults", "images"))
    assert project(heads).images == ()


def test_a_test() -> None:
    assert image("{}").test is None
    short, long = image("{test: [/app, --check, 1.0]}").test, image("{test: {command: [/app, --check, 1.0]}}").test
    assert short == long == ImageTest(("/app", "--check", "1.0"), 300.0)
    whole = image("{test: {files: {/z: , /a: {type: file, mode: 755, owner: 1}}, timeout: 1m30s}}").test
    assert whole == ImageTest((), 90.0, (ExpectedFile("/a", "file", "0755", "1"), ExpectedFile("/z")))


def test_places_of_a_test() -> None:
    text = "images:\n  a:\n    test: [x]\n  b:\n    test:\n      command: [x]\n      files:\n        /a:\n"
    one, two = (each.test for each in project(text).images)
    assert one is not None
    assert two is not None
    assert [each and (each.line, each.col) for each in (one.where, one.files_where)] == [(3, 5), (3, 5)]
    assert [each and (each.line, each.col) for each in (two.where, two.files_where)] == [(6, 16), (8, 9)]


def test_images_made_alike_may_share_an_alias() -> None:
    text = "images: {a: {dockerfile: x/D, aliases: [acme/x]}, b: {dockerfile: x/D, aliases: [acme/x]}}"
    assert [each.aliases for each in project(text).images] == [("acme/x",), ("acme/x",)]


def test_one_repository_may_hold_several_images_by_tag() -> None:
    text = "project: p\nimages: {a: {aliases: ['x:a', 'p/b:dev']}, b: {aliases: ['x:b', p/b, b]}}"
    assert [each.aliases for each in project(text).images] == [("x:a", "p/b:dev"), ("x:b", "p/b", "b")]


def test_json_is_as_good_as_yaml() -> None:
    data = {
        "version": 1,
        "project": "case",
        "images": {"api": {"dockerfile": "a/D", "context": ".", "args": {"V": "😀"}, "target": None}},
    }
    for indent in (None, 1, "\t"):
        found = project(json.dumps(data, indent=indent)).images[0]
        assert (found.full_name, found.args, found.context_root, found.target) == ("case/api", (("V", "😀"),), "", None)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    raw = b"\xef\xbb\xbf" + DESIGN.replace("\n", "\r\n").encode()
    assert load(raw, shown="b.yaml", folder="", tree_paths=lambda _: TREE, path="b.yaml") == project(DESIGN, tree=TREE)


NAMES = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,3})?", fullmatch=True)
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12)
PATHS = st.lists(st.from_regex(r"[A-Za-z0-9 _#:'-]{1,6}", fullmatch=True), min_size=1, max_size=3).map("/".join)


@settings(max_examples=40)
@given(
    st.dictionaries(
        NAMES,
        st.fixed_dictionaries(
            {},
            optional={
                "dockerfile": PATHS.filter(lambda path: path[1:3] != ":/"),
                "args": st.dictionaries(st.from_regex("[A-Z]{1,5}", fullmatch=True), st.just("") | WORDS),
                "exclude": st.lists(st.from_regex("!?[a-z*]{1,5}(/[a-z?*]{1,5})?", fullmatch=True)),
                "target": WORDS,
            },
        ),
        max_size=4,
    )
)
def test_what_is_written_comes_back(images: dict[str, dict[str, object]]) -> None:
    shop = project(json.dumps({"images": images}))
    assert [each.name for each in shop.images] == sorted(images)
    for each in shop.images:
        entry = images[each.name]
        assert each.dockerfile == entry.get("dockerfile", f"{each.name}/Dockerfile")
        assert dict(each.args) == entry.get("args", {})
        assert list(each.exclude) == entry.get("exclude", [])
        assert each.target == entry.get("target")


TOP = ["version", "project", "registry", "discover", "defaults", "images"]
KEYS = [*TOP, "dockerfile", "context", "args", "contexts", "secrets", "id", "env", "tags", "x"]
SCALARS = st.sampled_from(["1", "a", "../x", "image:a", "https://x", "{commit}", "", "~", "A\n", "é", "**/D", "a/b"])
SHAPES = st.recursive(
    SCALARS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(TOP), SHAPES, max_size=6))
def test_any_shape_is_read_or_refused(data: dict[str, object]) -> None:
    try:
        found = project(json.dumps(data), tree=["a/D", "D", "É/D"])
    except ConfigError as error:
        assert all(each.where and each.where.line and each.message.isprintable() for each in error.problems)
    else:
        assert all(each.dockerfile and not each.dockerfile.startswith(("/", "../")) for each in found.images)


def test_importing_costs_nothing_until_something_is_loaded() -> None:
    code = (
        "import sys, mbuild.config, mbuild.config.load, mbuild.config.find, mbuild.config.schema, mbuild.names\n"
        "print(sorted({'yaml', 'pydantic', 'difflib'} & set(sys.modules)))\n"
        "mbuild.config.load.load(b'images: {a: }', shown='b', folder='')\n"
        "print(sorted({'yaml', 'pydantic'} & set(sys.modules)))\n"
        "mbuild.config.load.load(b'images: {a: {test: [a]}}', shown='b', folder='')\n"
        "print(sorted({'yaml', 'pydantic'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path("/"))
    assert done.stdout == "[]\n['yaml']\n['pydantic', 'yaml']\n"
