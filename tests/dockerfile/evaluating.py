"""Short ways to evaluate a Dockerfile in a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.model import ExternalImage, Operation, Platform, Recipe, Resolved, Resolver, StageRecipe
from mbuild.dockerfile.parser import parse
from mbuild.dockerfile.resolution import StageResolver
from mbuild.errors import DockerfileError
from mbuild.graph.brief import Brief, brief
from mbuild.graph.plain import Plain
from mbuild.images import ImageDef, NamedContext


def plain_of(
    data: bytes,
    path: str = "Dockerfile",
    *,
    target: str | None = None,
    args: Mapping[str, str] | None = None,
    platform: Platform | None = None,
    build_platform: Platform | None = None,
    resolve: Resolver = lambda reference: ExternalImage(reference.name),
    resolve_stage: StageResolver = lambda _: None,
) -> Brief | None:
    """Return what is found of a Dockerfile without a recipe, None where it is not plain."""
    plain = Plain(build_platform or Platform())
    file = plain.file("", lambda: data)
    if file is None:
        return None
    contexts = tuple(NamedContext(each, "folder", "") for each in file.names if resolve_stage(each) is not None)
    values = tuple((args or {}).items())
    image = ImageDef("image", "image", path, "", target=target, args=values, contexts=contexts)
    return plain.brief(file, image, platform or Platform(), resolve)


def evaluated(
    data: bytes,
    path: str = "Dockerfile",
    *,
    target: str | None,
    args: Mapping[str, str],
    platform: Platform,
    build_platform: Platform,
    resolve: Resolver,
    resolve_stage: StageResolver,
) -> Recipe:
    """Evaluate a Dockerfile, and see that what is found without a recipe is the same. Raises DockerfileError."""
    options: dict[str, Any] = {"target": target, "args": args, "platform": platform, "build_platform": build_platform}
    options |= {"resolve": resolve, "resolve_stage": resolve_stage}
    plain = plain_of(data, path, **options)
    try:
        recipe = evaluate(parse(data, path), **options)
    except DockerfileError:
        assert plain is None, "something is wrong, and a plain Dockerfile says nothing"
        raise
    assert plain in (None, brief(recipe))
    return recipe


def recipe_of(
    text: str,
    *,
    target: str | None = None,
    args: Mapping[str, str] | None = None,
    platform: Platform | None = None,
    build_platform: Platform | None = None,
    images: Mapping[str, Resolved] | None = None,
    stages: Mapping[str, Resolved] | None = None,
) -> Recipe:
    """Evaluate a Dockerfile. images: what outside names stand for (else external); stages: what replaces a stage."""
    return evaluated(
        text.encode("utf-8", "surrogateescape"),
        target=target,
        args=args or {},
        platform=platform or Platform(),
        build_platform=build_platform or Platform(),
        resolve=lambda reference: (images or {}).get(reference.name, ExternalImage(reference.name)),
        resolve_stage=(stages or {}).get,
    )


def last(text: str, **options: Any) -> StageRecipe:
    return recipe_of(text, **options).stages[-1]


def operations(text: str, **options: Any) -> list[tuple[str, ...]]:
    """Return keyword and arguments of the target's operations."""
    return [(each.keyword, *each.args) for each in last(text, **options).operations]


def operation(text: str, **options: Any) -> Operation:
    """Return the last operation of the target."""
    return last(text, **options).operations[-1]


def sources(text: str, **options: Any) -> list[tuple[str, ...]]:
    """Return what is read from the build's context."""
    return [each.sources for each in recipe_of(text, **options).reads if not each.context]


def problems(text: str, **options: Any) -> list[str]:
    """Return the problems as `LINE: message`; fails when there are none."""
    with pytest.raises(DockerfileError) as caught:
        recipe_of(text, **options)
    return [f"{each.where.line if each.where else '-'}: {each.message}" for each in caught.value.problems]


def hints(text: str, **options: Any) -> tuple[str, ...]:
    """Return the hints of the first problem."""
    with pytest.raises(DockerfileError) as caught:
        recipe_of(text, **options)
    return caught.value.problems[0].hints
