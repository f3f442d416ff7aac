"""Short ways to evaluate a Dockerfile in a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mbuild.dockerfile.evaluate import evaluate
from mbuild.dockerfile.model import ExternalImage, Operation, Platform, Recipe, Resolved, StageRecipe
from mbuild.dockerfile.parser import parse
from mbuild.errors import DockerfileError


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
    return evaluate(
        parse(text.encode("utf-8", "surrogateescape"), "Dockerfile"),
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
