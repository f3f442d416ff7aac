"""The build.yaml that is written: reads well, and loads as what was discovered."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbuild.app import discovering
from mbuild.app.discovering import propose
from mbuild.discovery.looking import Looker
from mbuild.discovery.merge import merge
from mbuild.discovery.model import EXTERNAL, FOLDER, Build, Discovery, Other
from mbuild.discovery.sources import SOURCES
from mbuild.discovery.write import write
from mbuild.errors import Where
from mbuild.images import Secret
from mbuild.passed import ssh_option
from tests.discovery.finding import SCRATCH, Files, find, loaded, written
from tests.trees import MemoryTree

SHOP = {
    "compose.yaml": """\
name: shop
services:
  api:
    build: {context: ., dockerfile: api/Dockerfile, target: prod, args: {PYTHON: "3.12", VERSION: 1.2.3}}
    image: acme/backend
  web:
    build: {context: web, args: {PYTHON: "3.12"}, additional_contexts: {api: "service:api"}, secrets: [npm]}
secrets: {npm: {environment: NPM_TOKEN}}
""",
    "api/Dockerfile": "FROM scratch AS prod\n",
    "web/Dockerfile": SCRATCH,
    "web/Dockerfile.x": SCRATCH,
}


def test_a_written_file() -> None:
    assert (
        written(SHOP)
        == """\
# Written by mbuild init from compose.yaml. docs/reference.md of mbuild explains each key.
version: 1
project: shop
defaults:
  args: {PYTHON: "3.12"}
images:
  api:
    dockerfile: api/Dockerfile
    context: .
    target: prod
    args: {VERSION: 1.2.3}
    aliases: [acme/backend]
  web:
    contexts: {api: image:api}
    secrets: [{id: npm, env: NPM_TOKEN}]

# Dockerfiles that look like no images of their own. Put those that are below 'images':
#   web-x: {dockerfile: web/Dockerfile.x}  # in the folder of web, not stated by any compose, bake or skaffold file
"""
    )


def test_a_pattern_stands_for_images_about_which_nothing_else_is_said() -> None:
    files = {f"{each}Dockerfile": SCRATCH for each in ("svc/a/", "svc/b/", "svc/c/", "x/", "")}
    assert written(files).splitlines()[1:] == [
        "version: 1",
        'discover: ["svc/*/Dockerfile"]',
        "images:",
        "  app:",
        "    context: .",
        "  x:",
    ]
    check(find(files), files)


def test_no_pattern_where_it_would_find_more() -> None:
    files: Files = {
        "compose.yaml": "services: {a: {build: svc/a}, b: {build: svc/b}, c: {build: svc/c}}\n",
        **{f"svc/{each}/Dockerfile": SCRATCH for each in ("a", "b", "c")},
        "svc/testing/Dockerfile": SCRATCH,
    }
    assert "discover" not in written(files)
    assert "testing" not in {each.name for each in loaded(written(files), files).images}


ODD = {
    "a pattern that takes away": ("!svc/{}", "Dockerfile"),
    "a pattern of nothing": ("!/{}", "Dockerfile"),
    "a wildcard in a folder": ("[x]/{}", "Dockerfile"),
    "a wildcard in a file": ("svc/{}", "Dockerfile.[x]"),
    "an ignore file by its name": ("svc/{}", "x.dockerignore"),
}


@pytest.mark.parametrize("odd", ODD)
def test_no_pattern_where_it_would_not_find_them(odd: str) -> None:
    """What a pattern stands for and does not find would be no image."""
    folder, file = ODD[odd]
    files: dict[str, str] = {f"{folder.format(each)}/{file}": SCRATCH for each in "abc"}
    services = (f'{each}: {{build: {{context: "./{folder.format(each)}", dockerfile: "{file}"}}}}' for each in "abc")
    files["compose.yaml"] = f"services: {{{', '.join(services)}}}\n"
    assert "discover:" not in written(files)
    check(find(files), files)
    assert [each.name for each in propose(MemoryTree(files)).project.images] == ["a", "b", "c"]


def test_no_pattern_where_the_way_to_them_is_a_link() -> None:
    files: Files = {f"real/{each}/Dockerfile": SCRATCH for each in "abc"} | {"svc": ("link", "real")}
    services = ", ".join(f"{each}: {{build: svc/{each}}}" for each in "abc")
    files = {**files, "compose.yaml": f"services: {{{services}}}\n"}
    assert "svc/*" not in written(files)
    check(find(files), files)


def test_a_text_that_loses_an_image_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovering, "write", lambda *_: "images: {a: , b: {dockerfile: a/Dockerfile}}\n")
    with pytest.raises(RuntimeError, match="loses images that were found: b, c"):
        propose(MemoryTree({f"{each}/Dockerfile": SCRATCH for each in "abc"}))


def test_groups_have_the_files_that_state_them_as_headings() -> None:
    files = {
        "compose.yaml": "services: {a: {build: a}, b: {build: b}}\n",
        "x/compose.yaml": "services: {x: {build: .}}\n",
        "y/compose.yaml": "services: {y: {build: .}}\n",
        **{f"{each}/Dockerfile": SCRATCH for each in "abxyz"},
    }
    assert [line for line in written(files).splitlines() if line.startswith("  #")] == [
        "  # compose.yaml",
        "  # other compose files",
        "  # Dockerfiles",
    ]


def test_nothing_found_is_still_a_file_that_loads() -> None:
    assert loaded(written({"README": ""}), {}).images == ()


def check(found: Discovery, files: Files) -> None:
    """Check that what is written loads as what was found."""
    text = write(found, list(files))
    project = loaded(text, files)
    assert [each.name for each in project.images] == sorted(each.name for each in found.images)
    for image in found.images:
        made = project.image(image.name)
        assert made is not None
        assert (made.dockerfile, made.context_root, made.target) == (
            image.build.dockerfile,
            image.build.context,
            image.build.target,
        )
        assert made.args == image.build.args
        assert made.aliases == image.aliases
        assert made.platforms == image.build.platforms
        assert made.secrets == image.build.secrets
        assert tuple(ssh_option(each) for each in made.ssh) == image.build.ssh
        assert (made.labels, made.cache_from, made.cache_to) == (
            image.build.labels,
            image.build.cache_from,
            image.build.cache_to,
        )
        contexts = {each.name: _written(each.kind, each.value) for each in made.contexts}
        assert contexts == dict(image.contexts)


def _written(kind: str, value: str) -> str:
    return f"image:{value}" if kind == "image" else f"./{value}" if kind == "folder" and value else value or "."


FOLDERS = [
    "",
    "a",
    "!s/x",
    "!s/y",
    "!s/z",
    "a/b",
    "svc/x",
    "svc/y",
    "svc/z",
    "A B",
    "1.10",
    "null",
    "*",
    "[x]",
    "é",
    "#c",
    "'q'",
    'd"q',
    ": y",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TRAPS = ["1", "3.10", "true", "~", "null", "a: b", "# x", "x #y", "-", "2020-01-01", "\x7f", "\x85", "\u2028", "\ufeff"]
WORDS = st.one_of(st.sampled_from(TRAPS), TEXTS)
ARG_NAMES = st.sampled_from(["A", "B", "VERSION", "on", "1", "x-y"])
ARGS = st.dictionaries(ARG_NAMES, WORDS, max_size=3).map(lambda each: tuple(sorted(each.items())))
OTHERS = st.one_of(
    st.sampled_from([each for each in FOLDERS if each != "*"]).map(lambda each: Other(FOLDER, each)),
    st.sampled_from(["docker-image://alpine:3.20", "https://x.y/z.git#main"]).map(lambda each: Other(EXTERNAL, each)),
)
PUBLISHED = ["acme/x", "acme/y:1", "z", "q.io/acme/api", "Bad:", "acme/x:2"]


@st.composite
def builds(draw: st.DrawFn) -> Build:
    folder = draw(st.sampled_from(FOLDERS))
    file = draw(st.sampled_from(["Dockerfile", "Dockerfile.x", "x.Dockerfile", "Dockerfile.[x]", "x.dockerignore"]))
    dockerfile = posixpath.join(folder, file)
    source = draw(st.sampled_from(sorted(SOURCES)))
    where = Where(dockerfile if source == "dockerfile" else draw(st.sampled_from(["f.yaml", "svc/f.yaml"])), 1)
    return Build(
        source=source,
        name=draw(st.one_of(st.sampled_from(["x", "y", "Web", "api", "svc"]), TEXTS)),
        where=where,
        dockerfile=dockerfile,
        context=draw(st.sampled_from([folder, folder, "", "a"])),
        target=draw(st.one_of(st.none(), st.sampled_from(["prod", "1", "on"]))),
        args=draw(ARGS),
        contexts=tuple(sorted(draw(st.dictionaries(st.sampled_from(["p", "q/r"]), OTHERS, max_size=2)).items())),
        published=tuple(draw(st.lists(st.sampled_from(PUBLISHED)))),
        platforms=draw(st.sampled_from([(), (), ("linux/amd64",), ("linux/amd64", "linux/arm64")])),
        secrets=draw(st.sampled_from([(), (Secret("npm", env="TOKEN"),), (Secret("f", file="~/x y"),)])),
        ssh=draw(st.sampled_from([(), ("default", "k=~/x y,/z")])),
        labels=draw(ARGS),
        cache_from=draw(st.sampled_from([(), ("type=registry,ref=r.io/x:{name}", '"type=local,c",src=/a b')])),
        cache_to=draw(st.sampled_from([(), ("type=gha,mode=max",)])),
    )


@given(st.lists(builds(), max_size=8, unique_by=lambda each: each.key))
def test_what_is_written_loads_as_what_was_found(stated: list[Build]) -> None:
    files = {each.dockerfile: SCRATCH for each in stated} | {f"{each}/f" if each else "f": "" for each in FOLDERS}
    found = merge(Looker.at(MemoryTree(files)), tuple(stated), (), "shop", tuple(SOURCES))
    assert len({each.name for each in found.images}) == len(found.images)
    check(found, files)
