"""Why a path is no input: the rule with its place."""

from __future__ import annotations

import pytest

from mbuild.errors import Where
from mbuild.graph.exclusion import Exclusion, exclusion
from mbuild.graph.node import Graph
from mbuild.images import NamedContext
from tests.graph.test_affected import graph, image
from tests.trees import MemoryTree

DOCKERFILE = """\
FROM scratch AS parts
COPY parts /parts
FROM scratch AS test
COPY --from=parts / /
COPY tests src /
FROM shop/none AS broken
COPY --nonsense a b
FROM scratch AS run
COPY --exclude=*.tmp src /src/
COPY --from=more x /x
COPY docs/*.txt /docs/
"""
FILES = {
    "app/Dockerfile": DOCKERFILE.replace("COPY --nonsense a b\n", ""),
    "app/.dockerignore": "# notes\n*.md\n**/*.log\n!src/keep.log\n",
    "more/x": "",
    "other/y": "",
    "app/src/a": "",
    "app/src/b.tmp": "",
    "app/src/c.log": "",
    "app/tests/t": "",
    "app/parts/p": "",
    "app/docs/d.txt": "",
    "app/docs/e.rst": "",
}
MORE = NamedContext("more", "folder", "more")


def find(path: str, include: tuple[str, ...] = ()) -> Exclusion:
    app = image("app", contexts=(MORE,), exclude=("src/x*",), target="run", include=include)
    return exclusion(graph(FILES, app), "app", path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/Dockerfile", Exclusion("definition", where=Where("app/Dockerfile"))),
        ("app/.dockerignore", Exclusion("definition", where=Where("app/.dockerignore"))),
        ("app/Dockerfile.dockerignore", Exclusion("definition", where=Where("app/Dockerfile.dockerignore"))),
        ("other/y", Exclusion("outside", "app, more")),
        ("application", Exclusion("outside", "app, more")),
        ("app/src/c.log", Exclusion("ignored", "**/*.log", Where("app/.dockerignore", 3))),
        ("app/src/x1", Exclusion("excluded", "src/x*")),
        ("app/src/b.tmp", Exclusion("excluded", "*.tmp", Where("app/Dockerfile", 8, 1))),
        ("app/tests/t", Exclusion("unreached", "test", Where("app/Dockerfile", 5, 1))),
        ("app/parts/p", Exclusion("unreached", "parts", Where("app/Dockerfile", 2, 1))),
        ("app/docs/e.rst", Exclusion("unread", where=Where("app/Dockerfile"))),
        ("app/z.md", Exclusion("unread", where=Where("app/Dockerfile"))),
        ("more/z", Exclusion("unread", where=Where("app/Dockerfile"))),
    ],
)
def test_the_rule_that_keeps_a_path_out(path: str, expected: Exclusion) -> None:
    assert find(path) == expected


def test_include_keeps_out_the_rest() -> None:
    assert find("app/src/a", include=("docs", "src/k*")) == Exclusion("not-included", "docs, src/k*")
    assert find("app/src/c.log", include=("src",)).kind == "ignored"


def test_a_stage_without_a_name_goes_by_its_number() -> None:
    text = "FROM scratch\nCOPY a /\nFROM scratch AS named\nCOPY b /\nFROM scratch AS named\nCOPY c /\nFROM scratch\n"
    found = graph({"x/Dockerfile": text, "x/a": "", "x/b": "", "x/c": "", "x/d": ""}, image("x"))
    assert exclusion(found, "x", "x/a") == Exclusion("unreached", "number 0", Where("x/Dockerfile", 2, 1))
    assert exclusion(found, "x", "x/b") == Exclusion("unreached", "named", Where("x/Dockerfile", 4, 1))
    assert exclusion(found, "x", "x/c") == Exclusion("unreached", "named", Where("x/Dockerfile", 6, 1))
    assert exclusion(found, "x", "x/d").kind == "unread"


def test_a_stage_that_buildkit_refuses_reads_nothing() -> None:
    files = {
        "a/Dockerfile": "FROM scratch AS bad\nCOPY ${x:?no} /\nFROM scratch\n",
        "a/x": "",
        "base/Dockerfile": "FROM scratch\nENV A=1\n",
    }
    assert exclusion(graph(files, image("a")), "a", "a/x") == Exclusion("unread", where=Where("a/Dockerfile"))


def test_a_stage_may_begin_with_an_image_of_this_repository() -> None:
    files = {
        "a/Dockerfile": "FROM shop/base AS other\nCOPY $D /\nFROM scratch\n",
        "base/Dockerfile": "FROM scratch\nENV D=x\n",
    }
    assert exclusion(graph(files, image("a"), image("base")), "a", "a/x").kind == "unreached"


def test_what_is_not_read_exactly_reads_everything_but_what_is_ignored() -> None:
    files = {"a/Dockerfile": "# syntax=acme/frontend\nFROM x\n", "a/.dockerignore": "*.md\n", "a/y": ""}
    found = exclusion(graph(files, image("a")), "a", "a/y.md")
    assert found == Exclusion("ignored", "*.md", Where("a/.dockerignore", 1))


def test_every_path_that_is_no_input_has_a_rule_and_inputs_have_none() -> None:
    app = image("app", contexts=(MORE,), target="run")
    found: Graph = graph(FILES, app)
    taken = {use.path(entry) for use in found.nodes["app"].contexts for entry in use.entries}
    paths = {entry.path for entry in MemoryTree(FILES).below("")}
    assert taken == {"app/src/a", "app/docs/d.txt", "more/x"}
    for path in paths - taken:
        assert exclusion(found, "app", path).kind != "unread" or path == "app/docs/e.rst"
