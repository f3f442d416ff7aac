"""Many images of one context root, each with an ignore file that keeps out all but a few folders."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.changes import between
from mbuild.graph.affected import affected
from mbuild.graph.reached import FEW, Reached
from tests.graph.test_affected import Files, graph, image
from tests.trees import MemoryTree

NAMES = [f"s{number:02}" for number in range(FEW + 4)]
IMAGES = [image(name, f"svc/{name}/Dockerfile", "") for name in NAMES]


def monorepo(ignored: str = "**\n!svc/{0}/**\n!lib/**\n", read: str = "COPY . .") -> dict[str, str | tuple[str, str]]:
    files: dict[str, str | tuple[str, str]] = {"lib/x": "1", "docs/a/x": "1"}
    for name in NAMES:
        files[f"svc/{name}/Dockerfile"] = f"FROM scratch\n{read.format(name)}\n"
        files[f"svc/{name}/Dockerfile.dockerignore"] = ignored.format(name)
        files[f"svc/{name}/src/x"] = "1"
    return files


def reached(before: Files, after: Files) -> tuple[set[str], set[str]]:
    """Return the images that changes may reach, and those that are affected, which a look at every file says too."""
    old, new = graph(before, *IMAGES), graph(after, *IMAGES)
    changes = between(MemoryTree(before), MemoryTree(after))
    found = affected([old], new, [changes])
    assert found == affected([old], new)
    return Reached(old, new, changes).names, set(found.reasons)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("svc/s03/src/x", {"s03"}),
        ("svc/s03/src/new", {"s03"}),
        ("svc/s03/new/deep/x", {"s03"}),
        ("lib/new/x", set(NAMES)),
        ("docs/a/new", set()),
        ("new/a/b/x", set()),
    ],
)
def test_only_those_that_may_take_it_are_looked_at(path: str, expected: set[str]) -> None:
    files = monorepo()
    for before, after in ((files, files | {path: "2"}), (files | {path: "2"}, files)):
        assert reached(before, after) == (expected, expected)


def test_a_new_folder_may_be_sent_empty() -> None:
    for ignored in ("new/*", "new/x", "new/x\n!new/x/keep"):
        files = monorepo(f"{ignored}\nno/{{0}}\n")
        there = files | {"new/x/z": ""}
        for path in ("new/x/y", "new/x/y/z/a"):
            assert reached(files, files | {path: "1"}) == (set(NAMES), set(NAMES))
            assert reached(there | {path: "1"}, there) == (set(), set())
    assert reached(files, files | {"new/x": "1"}) == (set(NAMES), set(NAMES))


def test_what_is_shut_is_not_asked_about_each_path() -> None:
    before, after = monorepo(), monorepo()
    for number in range(100):
        before[f"svc/s01/src/{number}"], after[f"svc/s01/src/{number}"] = "1", "2"
    old, new = graph(before, *IMAGES), graph(after, *IMAGES)
    found = Reached(old, new, between(MemoryTree(before), MemoryTree(after)))
    assert found.names == {"s01"}
    asked = [len(keeper._known) for keeper in old.index._keepers.values()]
    assert sorted(asked)[-2:] == [0, 100]


def test_links_are_never_taken_for_shut() -> None:
    files = monorepo(read="COPY svc/{0}/link /to") | {f"svc/{name}/link": ("link", "/docs") for name in NAMES}
    files |= {f"svc/{name}/Dockerfile.dockerignore": f"docs/b\nno/{name}\n" for name in NAMES}
    assert reached(files, files | {"docs/b/new": "1"})[0] == set(NAMES)


LINES = [
    "**",
    "*",
    "docs",
    "docs/*",
    "svc",
    "svc/*",
    "!svc/{0}",
    "!svc/{0}/**",
    "!svc/*/src",
    "!docs/a",
    "new",
    "!new/x",
]
READS = ["COPY . .", "COPY svc/{0} lib /", "COPY svc docs /", "COPY svc/*/src /", "COPY doc* /"]
READS += ["COPY --exclude=x . /", "COPY **/x /", "COPY svc/**/src /"]
PATHS = [
    "svc/s01/src/x",
    "svc/s01/src/y",
    "svc/s01/new/x",
    "svc/new",
    "docs/a/x",
    "docs/a/b/c",
    "docs/x",
    "new/x/y",
    "new/z",
]


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(LINES), max_size=5),
    st.sampled_from(READS),
    st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(["", "1", "2"])), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(["", "1", "2"])), max_size=3),
)
def test_what_paths_say_is_what_a_look_at_every_file_says(
    lines: list[str], read: str, after: list[tuple[str, str]], before: list[tuple[str, str]]
) -> None:
    files = monorepo("\n".join(lines), read)
    trees = []
    for some in (before, [*before, *after]):
        tree = dict(files)
        for path, text in some:
            tree.pop(path, None)
            if text:
                tree[path] = text
        trees.append(tree)
    reached(*trees)
