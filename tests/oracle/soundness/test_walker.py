"""The walker against peers' tables and cases small enough to be judged by eye."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle.soundness.patterns import fits, ignored
from tests.oracle.soundness.values import (
    EXECUTABLE,
    LINK,
    Blob,
    Copy,
    Define,
    Dockerfile,
    Ignore,
    Image,
    Monorepo,
    Mount,
    Onbuild,
    Run,
    Stage,
    Step,
    Var,
)
from tests.oracle.soundness.walker import Truth, Walker

HERE = Path(__file__).parent
TRUTH = ("walker.py", "takes.py", "folders.py", "patterns.py", "scopes.py", "values.py", "render.py", "spelling.py")


@pytest.mark.parametrize("name", TRUTH)
def test_truth_shares_no_code_with_mbuild(name: str) -> None:
    imported = {
        alias
        for node in ast.walk(ast.parse((HERE / name).read_text()))
        for alias in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + ([each.name for each in node.names] if isinstance(node, ast.Import) else [])
    }
    assert not {each for each in imported if each.split(".")[0] == "mbuild"}
    ours = {each.removeprefix("tests.oracle.soundness.") + ".py" for each in imported if each.startswith("tests.")}
    assert ours <= set(TRUTH)


def test_ignore_files_as_in_the_peers_table(cases: Path) -> None:
    table = json.loads((cases / "dockerignore_cases.json").read_text())["cases"]
    # What is made up here has ** only as a whole component.
    usual = [
        each for each in table if not each.get("error") and not any("**f" in p or "a**" in p for p in each["patterns"])
    ]

    wrong = [each for each in usual if ignored(each["patterns"], each["path"]) != each["ignored"]]

    assert len(usual) > 100
    assert wrong == []


def test_ignore_file_that_an_engine_reads_otherwise_than_documented() -> None:
    """Built with an engine, ``COPY .`` has data/a.txt: the last line does not look at what the first one took."""
    patterns = ("*", "!data/**", "data/b.txt", "data")
    assert [path for path in ("data/a.txt", "data/b.txt", "main.py") if not ignored(patterns, path)] == ["data/a.txt"]


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [("*.md", ".md", True), ("[^a]?", "ba", True), ("[a-c]*", "dog", False), ("[[]x", "[x", True), ("\\*", "*", True)],
)
def test_wildcards(pattern: str, name: str, expected: bool) -> None:
    assert fits(pattern, name) == expected


def truth(*steps: Step, files: dict[str, Blob] | None = None, **more: object) -> Truth:
    repo = Monorepo(
        {
            "a/x": Blob(b"1"),
            "a/lib/y.md": Blob(b"2"),
            "a/lib/z": Blob(b"3"),
            "a/go": Blob(b"lib", LINK),
            **(files or {}),
        },
        {"a/Dockerfile": Dockerfile((Stage(("scratch",), "", steps),))},
        {"a/.dockerignore": Ignore(("lib/z", "Dockerfile"))},
        {"a": replace(Image("a", "a/Dockerfile", "a"), **more)},  # type: ignore[arg-type]
    )
    return Walker(repo).image("a")


def copy(*sources: str) -> Copy:
    return Copy(tuple((each,) for each in sources), "/c/")


@pytest.mark.parametrize(
    ("step", "reads"),
    [
        (copy("x"), {"a/x"}),
        (copy("lib"), {"a/lib/y.md"}),
        (copy("go/"), {"a/go", "a/lib/y.md"}),
        (copy("g?/*.md"), {"a/go", "a/lib/y.md"}),
        (copy("l*/z"), set()),
        (copy("."), {"a/x", "a/lib/y.md", "a/go", "a/.dockerignore"}),
        (replace(copy("lib"), excludes=("*.md",)), set()),
        (Copy((("**/*.md",),), "/c/", parents=True), {"a/lib/y.md"}),
        (Copy((("**/g*",),), "/c/", parents=True), {"a/go"}),
        (Copy((("**/go/*.md",),), "/c/", parents=True), set()),
        (Run("true", (Mount("/in"),)), {"a/x", "a/lib/y.md", "a/go", "a/.dockerignore"}),
        (Run("true", (Mount("/in", ("x",)),)), {"a/x"}),
        (Run("true"), set()),
        (Onbuild(copy("x")), set()),
        (Copy(((Var("NONE", ":-", "x"),),), "/c/"), {"a/x"}),
    ],
)
def test_reads(step: Step, reads: set[str]) -> None:
    assert truth(step).reads == reads


def test_identity_follows_what_matters_and_nothing_else() -> None:
    plain = truth(copy("x")).identity
    assert truth(copy("x"), files={"a/lib/y.md": Blob(b"other")}).identity == plain
    assert truth(copy("x"), args=(("UNUSED", "1"),)).identity == plain
    assert truth(copy("x"), files={"a/x": Blob(b"1", EXECUTABLE)}).identity != plain
    assert truth(copy("x"), Define("ENV", "A", ("1",))).identity != plain
    assert truth(copy("x"), test=("/app",)).identity != plain
    assert (
        truth(Define("ARG", "A"), copy("x")).identity
        != truth(Define("ARG", "A"), copy("x"), args=(("A", "1"),)).identity
    )


@pytest.mark.parametrize(
    ("sources", "failing"), [(["x"], False), (["none"], True), (["n*"], False), (["none/*"], True)]
)
def test_failing(sources: list[str], failing: bool) -> None:
    assert truth(copy(*sources)).failing is failing


def test_an_empty_folder_counts_and_one_that_is_there_anyway_does_not() -> None:
    """A folder whose files are all ignored is copied empty; one above a file is there, whatever is said of it."""
    files = {"a/new/z": Blob(b"1")}
    assert truth(copy("."), files=files, exclude=("**/z",)).identity != truth(copy("."), exclude=("**/z",)).identity
    kept = truth(copy("."), exclude=("*", "!lib/**"))
    assert truth(copy("."), exclude=("*", "!lib/**", "!lib")).identity == kept.identity
