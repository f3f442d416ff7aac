"""What a build may ask for by what is known of its Dockerfile, and what it asked for beyond that. Pure.

An image of others may have ONBUILD triggers, which BuildKit runs in our context. Nothing is known of them before the
build, so what they read is neither sent nor looked at when it changes: such a build must not count as one.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from mbuild.builders.protocol import BuildRequest
from mbuild.dockerfile.model import ExternalImage, Recipe, StageRecipe
from mbuild.dockerfile.recipe import is_windows
from mbuild.errors import Problem, Where, printable

WHOLE = "/"
"""Stands for all of a context."""


def unforeseen_paths(recipes: Sequence[Recipe], context: str, asked: Collection[str]) -> tuple[str, ...]:
    """Return what BuildKit asks for of a context and no instruction reads; () where anything may be read.

    context: "" for the image's own, else the name of a named one.
    asked: the paths, as it names them; none stand for all of the context (``dockerfile2llb/convert.go``, ctxPaths and
    normalizeContextPaths: what all stages name that are reached, cleaned, or nothing where one of them is the root).
    Before version 0.13 it always asks for all of a named context.
    """
    if any(recipe.doubts for recipe in recipes) or (context and not asked):
        return ()
    foreseen = sources_of(recipes, context)
    return () if WHOLE in foreseen else tuple(sorted({_cleaned(each) for each in asked or (WHOLE,)} - foreseen))


def sources_of(recipes: Iterable[Recipe], context: str) -> frozenset[str]:
    """Return what instructions read of a context, as BuildKit cleans it, from ``/``."""
    return frozenset(_cleaned(each) for recipe in recipes for each in _named(recipe, context))


def _named(recipe: Recipe, context: str) -> Iterator[str]:
    """Yield the sources of all reads; BuildKit counts those of ADD that are git repositories among the paths, too, and
    names what is copied for Windows as it is written (``reads.in_windows``).
    """
    for read in recipe.reads:
        if read.context == context:
            yield from read.sources
    for stage in recipe.stages:
        named = ("ADD", "COPY") if is_windows(stage.platform) else ("ADD",)
        for operation in stage.operations:
            if operation.keyword in named and not context:
                yield from operation.args[:-1]


def _cleaned(source: str) -> str:
    # A header ends in no blank, and begins with none.
    return posixpath.normpath(f"/{source.strip().lstrip('/')}")


def triggered(request: BuildRequest, triggers: Callable[[str], Sequence[str]]) -> tuple[Problem, ...]:
    """Return why an image cannot be built by a builder that does not see what is asked for, as far as that is known.

    triggers: gives those of an external image, () also where nothing is known of it.
    """
    stages = (each for recipe in request.recipes if not recipe.doubts for each in recipe.stages)
    bases = {each.base_ref: each for each in stages if isinstance(each.base, ExternalImage)}
    found = (each for name, each in bases.items() if any(map(_may_read, triggers(name))))
    return tuple(_problem(request, "may read what no instruction of its Dockerfile does", each) for each in found)


def _may_read(trigger: str) -> bool:
    """Tell whether a trigger, whose blanks are as they were written, may need a file of the context."""
    keyword, flag = (*trigger.upper().split(), "", "")[:2]
    return keyword in ("COPY", "ADD") or (keyword == "RUN" and flag.startswith("--"))


def unforeseen(request: BuildRequest, paths: Collection[str]) -> Problem:
    """Return what to say of a build that asks for paths that no instruction reads."""
    what = "all of its context" if WHOLE in paths else ", ".join(printable(each[1:]) for each in paths)
    stages = (each for recipe in request.recipes for each in recipe.stages)
    base = next((each for each in stages if isinstance(each.base, ExternalImage)), None)
    return _problem(request, f"reads {what}, and no instruction of its Dockerfile does", base)


def _problem(request: BuildRequest, reads: str, base: StageRecipe | None) -> Problem:
    message = f"the build {reads}, so that changes there would go unnoticed"
    if base is None:
        return Problem(message, Where(request.dockerfile_path), ("that is a fault of mbuild's: please report it",))
    hints = (
        f"ONBUILD triggers of {base.base_ref} do, most likely: docker inspect {base.base_ref}",
        "write their instructions in the Dockerfile, and start from an image without them",
    )
    return Problem(message, base.where, hints)
