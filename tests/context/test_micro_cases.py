"""BuildKit's own answers for small trees: which files it takes from the context, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mbuild.context.select import Selection, select
from mbuild.dockerfile.ignore import IgnoreMatcher, parse_ignore
from mbuild.dockerfile.model import ExternalImage, Platform, Recipe
from mbuild.errors import DockerfileError
from mbuild.tree import FILE, SYMLINK, Entry
from tests.dockerfile.evaluating import evaluated

# Rows that differ on purpose.
ACCEPTED_HERE = {
    "testOutlineArgs:102": "the table's tool crashed on it (nil pointer); BuildKit's own test builds this file",
}

Tree = Mapping[str, tuple[int, str]]


@pytest.fixture(scope="module")
def table(cases: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((cases / "context_micro_cases.json").read_text())
    return loaded


def tree_of(rows: Sequence[Mapping[str, str]]) -> Tree:
    kinds = {"file": (FILE, "data"), "symlink": (SYMLINK, "to")}
    return {
        row["path"]: (kinds[row["kind"]][0], row.get(kinds[row["kind"]][1]) or "")
        for row in rows
        if row["kind"] in kinds
    }


def recipe_of(data: str, path: str, target: str | None, args: Mapping[str, str]) -> Recipe:
    return evaluated(
        data.encode(),
        path,
        target=target,
        args=args,
        platform=Platform(),
        build_platform=Platform(),
        resolve=lambda reference: ExternalImage(reference.name),
        resolve_stage=lambda _: None,
    )


def selection_of(recipe: Recipe, tree: Tree, ignore: IgnoreMatcher | None) -> Selection:
    listing = [Entry(path, mode, "") for path, (mode, _) in sorted(tree.items())]
    return select(listing, recipe.reads, ignore, lambda entry: tree[entry.path][1])


def ignore_of(tree: Tree, dockerfile: str) -> IgnoreMatcher | None:
    for path in (f"{dockerfile}.dockerignore", ".dockerignore"):
        if path in tree:
            return IgnoreMatcher(parse_ignore(tree[path][1].encode(), path), path)
    return None


def answer(case: Mapping[str, Any]) -> list[str] | None:
    """Return the selected paths, None when the Dockerfile or the ignore file is refused."""
    tree = tree_of(case["tree"])
    dockerfile = case["dockerfile_path"]
    link = {row["path"]: row for row in case["tree"]}[dockerfile]
    while link["kind"] == "symlink":
        dockerfile = link["to"]
        link = {row["path"]: row for row in case["tree"]}[dockerfile]
    try:
        recipe = recipe_of(link.get("data") or "", dockerfile, case["target"], case["args"])
        return [entry.path for entry in selection_of(recipe, tree, ignore_of(tree, case["dockerfile_path"])).entries]
    except DockerfileError:
        return None


def test_every_case_selects_what_buildkit_selects(table: dict[str, Any]) -> None:
    wrong = []
    for case in table["cases"]:
        refused = case["error"] is not None and case["name"] not in ACCEPTED_HERE
        expected = None if refused else sorted(case["needed"])
        got = answer(case)
        if got != expected:
            wrong.append((case["name"], expected, got))
    assert wrong == []
    assert len(table["cases"]) == 195
    assert len(ACCEPTED_HERE) == sum(case["name"] in ACCEPTED_HERE for case in table["cases"])


def parents_and_excludes(table: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    for case in table["parents_exclude_cases"]["cases"]:
        names = [name.partition("->") for name in case["tree"]]
        tree = {name: (SYMLINK if arrow else FILE, target) for name, arrow, target in names}
        tree["Dockerfile"] = (FILE, case["dockerfile"])
        recipe = recipe_of(case["dockerfile"], "Dockerfile", None, {})
        yield case, [entry.path for entry in selection_of(recipe, tree, None).entries]


def test_parents_and_excludes_lie_between_what_is_copied_and_what_buildkit_sends(table: dict[str, Any]) -> None:
    wrong, count = [], 0
    for case, got in parents_and_excludes(table):
        count += 1
        if not set(case["copied"]) <= set(got) <= set(case["transferred_by_buildkit"]):
            wrong.append((case["name"], case["copied"], got))
    assert wrong == []
    assert count == 13
