"""References that mean an image here by the folders of its Dockerfile, and those that may mean one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

from mbuild.discovery.paths import names_and_tags
from mbuild.discovery.published import MIN_EVIDENCE, Known, parsed, referred
from mbuild.errors import Where
from mbuild.references import Reference
from mbuild.values import replace


def with_folders(images: Sequence[Known]) -> list[Known]:
    """Return images with the references whose name and tag their folders have, as PREFIX/NAME:TAG of NAME/TAG.

    One alone may mean somebody else's image: PREFIX has to stand before what means two images here.
    """
    meant = _meant_by_tag(images)
    if not meant:
        return list(images)
    by_name = referred(images)
    evidence: dict[str, set[str]] = {}
    for name, prefix in (*by_name, *((owner, _before(each)) for each, owner in meant.items())):
        evidence.setdefault(prefix, set()).add(name)
    proven = {each for each in map(_before, meant) if len(evidence[each]) >= MIN_EVIDENCE}
    given: dict[str, list[str]] = {}
    for each, owner in meant.items():
        if _before(each) in proven:
            given.setdefault(owner, []).append(f"{each.familiar}:{each.tag or 'latest'}")
    for name, prefix in sorted(by_name):
        if prefix in proven:
            given.setdefault(name, []).append(f"{prefix}/{name}")
    return [replace(each, tagged=tuple(given[each.name])) if each.name in given else each for each in images]


def _meant_by_tag(images: Sequence[Known]) -> dict[Reference, str]:
    """Return the references that the folders of one image say, with its name.

    Not one that its own Dockerfile uses, nor one of a repository that a source publishes to: what is there it says.
    """
    asked: dict[Reference, set[str]] = {}
    for each in images:
        for reference in filter(None, (parsed(text) for text, _ in each.references)):
            if "/" in reference.familiar and not reference.digest:
                asked.setdefault(reference, set()).add(each.name)
    owners = _owners(images, {_last(reference) for reference in asked})
    said = {each.repository for image in images for each in map(parsed, image.published) if each}
    found = {}
    for reference, users in asked.items():
        names = owners.get(_last(reference), set())
        if len(names) == 1 and users.isdisjoint(names) and reference.repository not in said:
            found[reference] = min(names)
    return found


def _owners(images: Sequence[Known], asked: Set[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """Return the names of the images whose folders say a name and tag that is asked for."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in images if asked else ():
        for pair in names_and_tags(each.dockerfile):
            if pair in asked:
                found.setdefault(pair, set()).add(each.name)
    return found


def _before(reference: Reference) -> str:
    return reference.familiar.rpartition("/")[0]


def _last(reference: Reference) -> tuple[str, str]:
    return reference.familiar.rpartition("/")[2], reference.tag or "latest"


def doubtful(
    images: Sequence[Known], registry: str, given: Mapping[str, tuple[str, ...]], asides: Sequence[Known]
) -> list[tuple[str, str, Where]]:
    """Return (image, reference, place) of references that may mean an image here, with nothing to prove it.

    asides: Dockerfiles that were set aside; such a reference would make one an image after all.
    """
    every = (*asides, *images)
    names = {_letters(each.name): each.name for each in every}
    claims = {
        reference.repository: each.name for each in images for reference in filter(None, map(parsed, each.published))
    }
    known = {alias for each in given.values() for alias in each}
    known.update(f"{registry}/{each.name}" for each in images if registry)
    unknown = [
        (each.name, reference, where)
        for each in images
        for text, where in each.references
        if (reference := parsed(text)) is not None and not _is_known(reference, known)
    ]
    owners = _owners(every, {_last(reference) for _, reference, _ in unknown})
    found: dict[tuple[str, str], Where] = {}
    for name, reference, where in unknown:
        last, tag = _last(reference)
        by_name = names.get(_letters(last)) if "/" in reference.familiar else None
        by_folders = owners.get((last, tag), set())
        meant = claims.get(reference.repository) or by_name
        if meant is not None:
            if name != meant != reference.familiar:
                found.setdefault((meant, reference.familiar), where)
        elif by_folders and name not in by_folders:
            found.setdefault((min(by_folders), f"{reference.familiar}:{tag}"), where)
    return [(name, text, where) for (name, text), where in found.items()]


def _letters(name: str) -> str:
    return re.sub("[-_.]", "", name)


def _is_known(reference: Reference, known: set[str]) -> bool:
    tagged = f"{reference.familiar}:{reference.tag or 'latest'}"
    return reference.familiar in known or reference.familiar_text in known or tagged in known
