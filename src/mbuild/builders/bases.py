"""External images: which references are images, and which build of each a builder says that it used. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mbuild.dockerfile.model import ExternalImage, Recipe
from mbuild.references import NameProblem, Reference, parse_reference

SCHEME = "docker-image://"
_FROM = re.compile(r"(?:\[[^\]]*\] )?FROM (?P<name>\S+)@(?P<digest>sha256:[0-9a-f]{64})")
_RESOLVE = re.compile(r"resolve (?P<name>\S+)@(?P<digest>sha256:[0-9a-f]{64})")


def external_images(recipes: Iterable[Recipe]) -> tuple[str, ...]:
    """Return the external images that recipes use, as they are written, sorted; other sources are left out."""
    references = (resolved for recipe in recipes for _, resolved in recipe.references)
    return only_images(each.ref for each in references if isinstance(each, ExternalImage))


def only_images(references: Iterable[str]) -> tuple[str, ...]:
    """Return those that are image references, sorted: not URLs, git repositories and image layouts."""
    return tuple(sorted({each for each in references if parsed(each) is not None}))


def parsed(text: str) -> Reference | None:
    """Return an image reference, with or without ``docker-image://``; None for any other source."""
    name = text.removeprefix(SCHEME)
    if name.startswith("github.com/"):  # for BuildKit that is git (``util/gitutil/git_ref.go``)
        return None
    try:
        return parse_reference(name)
    except NameProblem:
        return None


def key(text: str) -> str:
    """Return what an image reference is looked up by: normalised, with its tag, without its digest."""
    found = parsed(text)
    return f"{found.repository}:{found.tag or 'latest'}" if found else text


def pinned(text: str) -> str:
    """Return the digest that a reference names itself, or ""."""
    found = parsed(text)
    return found.digest if found else ""


def told(vertexes: Iterable[str], statuses: Iterable[str]) -> dict[str, str]:
    """Return the digests that BuildKit names in its progress, by ``key``.

    It says ``FROM NAME@DIGEST`` of an image that it resolves itself (``dockerfile2llb/convert.go``), and no digest of
    one that the engine has. Where steps are shared with an earlier build, that one's vertexes follow: the first counts.
    """
    found = [_RESOLVE.fullmatch(each) for each in statuses]
    found += [_FROM.fullmatch(each) for each in reversed(list(vertexes))]
    return {key(each["name"]): each["digest"] for each in found if each is not None}


def used(wanted: Iterable[str], found: Mapping[str, str]) -> dict[str, str | None]:
    """Return for each reference, as it is written, its digest: the one it names, else the one found by ``key``."""
    return {each: pinned(each) or found.get(key(each)) for each in wanted}


def starts_from(recipe: Recipe) -> str:
    """Return the ``key`` of the external image that the last stage is built on, "" where it is on none."""
    at: object = recipe.stages[-1].base
    while isinstance(at, int):
        at = recipe.stages[at].base
    return key(at.ref) if isinstance(at, ExternalImage) and parsed(at.ref) else ""
