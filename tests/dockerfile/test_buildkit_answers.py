"""BuildKit's own answers for small Dockerfiles: refused at which line, or what is read, used and left in the image.

Answered by moby/buildkit 73ed6825c4b7569379ef89df0aedcdbe64473d31 (`dockerui`, `dockerfile2llb`): each Dockerfile is
converted as the frontend does it, for linux/amd64, with images that are empty but for what `images` says of them.

A row:

text, target, args, contexts, platform: what was asked.
refused: the lines that the error names, perhaps none.
reads:   for each local source its follow paths ("/" is all); sources that are repositories are left out.
images:  that the result is made of. env, onbuild, workdir: of its configuration.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mbuild.dockerfile.model import FolderContext, Inherited, ParentImage, Platform, Recipe, Resolved
from mbuild.errors import DockerfileError
from mbuild.platforms import parse_platform
from mbuild.references import context_key
from tests.dockerfile.evaluating import evaluated

TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "buildkit_answers.json").read_text(encoding="utf-8"))


def image(name: str) -> ParentImage:
    config = TABLE["images"].get(context_key(name), {})
    env = tuple(tuple(pair.split("=", 1)) for pair in config.get("Env", ()))
    return ParentImage(name, Inherited(env, tuple(config.get("OnBuild", ())), config.get("WorkingDir", "/")))


def context(contexts: Mapping[str, str], name: str) -> Resolved | None:
    found = next((value for key, value in contexts.items() if context_key(key) == context_key(name)), None)
    if found is None or name == "scratch":
        return None
    kind, _, rest = found.partition(":")
    return FolderContext(rest) if kind == "local" else image(rest.removeprefix("//"))


def recipe_of(row: Mapping[str, Any]) -> Recipe:
    contexts = row.get("contexts", {})
    return evaluated(
        row["text"].encode(),
        target=row.get("target"),
        args=row.get("args", {}),
        platform=Platform(*parse_platform(row.get("platform", "linux/amd64"))),
        build_platform=Platform(),
        resolve=lambda reference: context(contexts, reference.name) or image(reference.name),
        resolve_stage=lambda name: context(contexts, name),
    )


def clean(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def reads_of(recipe: Recipe) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for read in recipe.reads:
        found.setdefault(read.context or "context", set()).update(map(clean, read.sources))
    return {name: ["/"] if "/" in sources else sorted(sources) for name, sources in found.items()}


def images_of(recipe: Recipe) -> set[str]:
    return {context_key(found.image) for _, found in recipe.references if isinstance(found, ParentImage)}


@pytest.fixture(autouse=True)
def _no_older_buildkit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what BuildKits older than the one that gave the answers make of ARG."""
    monkeypatch.setattr("mbuild.dockerfile.evaluate.either", lambda recipe, older, where: recipe)


@pytest.mark.parametrize("row", [row for row in TABLE["rows"] if "refused" in row], ids=lambda row: row["text"])
def test_refused_at_the_same_line(row: Mapping[str, Any]) -> None:
    with pytest.raises(DockerfileError) as caught:
        recipe_of(row)
    lines = {problem.where.line for problem in caught.value.problems if problem.where}
    assert not row["refused"] or lines & set(row["refused"])


@pytest.mark.parametrize("row", [row for row in TABLE["rows"] if "refused" not in row], ids=lambda row: row["text"])
def test_the_same_is_read_used_and_left(row: Mapping[str, Any]) -> None:
    recipe = recipe_of(row)
    assert recipe.doubts == ()
    assert reads_of(recipe) == {name: sources for name, sources in row["reads"].items() if sources}
    assert images_of(recipe) >= {context_key(each.partition("@")[0]) for each in row["images"]}
    assert [f"{name}={text}" for name, text in recipe.inherited.env] == row["env"]
    assert list(recipe.inherited.onbuild) == row.get("onbuild", [])
    assert clean(recipe.inherited.workdir) == clean(row["workdir"])


def test_the_table_is_there() -> None:
    refused = sum("refused" in row for row in TABLE["rows"])
    assert (len(TABLE["rows"]) > 600, refused > 200) == (True, True)
