"""Under which references images are known: a registry that they share, or aliases. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from mbuild.errors import Where
from mbuild.references import NameProblem, Reference, parse_reference
from mbuild.values import dataclass

_LIBRARY = "library/"
MIN_EVIDENCE = 2


@dataclass(frozen=True, slots=True)
class Known:
    """An image: its name, the references its sources give it, those its Dockerfile makes, its source's folder."""

    name: str
    published: tuple[str, ...]
    references: tuple[tuple[str, Where], ...]
    folder: str = ""


@lru_cache(maxsize=4096)
def parsed(text: str) -> Reference | None:
    """Return a reference; None for what is none, such as one whose variables have no values."""
    try:
        return parse_reference(text.removesuffix(":"))
    except NameProblem:
        return None


def registry_of(images: Sequence[Known]) -> tuple[str, bool]:
    """Return what stands before the names of most images, and whether that was guessed from FROM lines; "" for nothing.

    A source that publishes PREFIX/NAME says so. Where none does, Dockerfiles that refer to at least two images of this
    repository as PREFIX/NAME do.
    """
    published = [each for each in images if each.published]
    said = Counter(prefix for each in published for prefix in _prefixes(each.name, each.published))
    if said:
        prefix, count = min(said.items(), key=lambda each: (-each[1], each[0]))
        return (
            (prefix, False)
            if count >= MIN_EVIDENCE and count == len(published) and count * 2 >= len(images)
            else ("", False)
        )
    found = Counter(prefix for _, prefix in _referred(images))
    if not found:
        return "", False
    prefix, count = min(found.items(), key=lambda each: (-each[1], each[0]))
    return (prefix, True) if count >= MIN_EVIDENCE else ("", False)


def _referred(images: Sequence[Known]) -> set[tuple[str, str]]:
    """Return (name, what stands before it) of the images that Dockerfiles of others refer to."""
    names = {each.name for each in images}
    found = set()
    for each in images:
        for reference in filter(None, (parsed(text) for text, _ in each.references)):
            namespace, _, last = reference.familiar.rpartition("/")
            if namespace and last in names and last != each.name:
                found.add((last, namespace))
    return found


def _prefixes(name: str, references: Sequence[str]) -> set[str]:
    """Return what stands before a name in references that end in it; not Docker's own library."""
    found = set()
    for reference in filter(None, map(parsed, references)):
        namespace, _, last = reference.familiar.rpartition("/")
        if last == name and namespace:
            found.add(namespace)
    return found


def aliases(images: Sequence[Known], registry: str) -> dict[str, tuple[str, ...]]:
    """Return for each image the references that its name does not say.

    The tag is left out, so that the image is found under whatever tag it is asked for, unless several images share the
    repository or it is one of Docker's library, where another tag is another image.
    """
    owners: dict[str, set[str]] = {}
    for each in images:
        for reference in filter(None, map(parsed, each.published)):
            owners.setdefault(reference.repository, set()).add(each.name)
    # Nothing that is the name of an image already can be an alias, of itself or of another.
    taken = {name for each in images for name in (each.name, f"{registry}/{each.name}")}
    # What different projects call different images means none of them; within one, the first is meant: the others are
    # variants of it, as a service is in ``docker-compose.dev.yml``.
    folders: dict[str, set[str]] = {}
    for each in images:
        for name in _names(each, owners):
            folders.setdefault(name, set()).add(each.folder)
    taken.update(name for name, found in folders.items() if len(found) > 1)
    given: dict[str, tuple[str, ...]] = {}
    for each in images:
        given[each.name] = tuple(name for name in _names(each, owners) if name not in taken)
        taken.update(given[each.name])
    return given


def _names(image: Known, owners: Mapping[str, set[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_alias(each, owners) for each in map(parsed, image.published) if each))


def _alias(reference: Reference, owners: Mapping[str, set[str]]) -> str:
    shared = len(owners[reference.repository]) > 1 or reference.path.startswith(_LIBRARY)
    # Without a tag a reference means ``latest`` to Docker.
    keep = shared and reference.tag not in ("", "latest")
    return f"{reference.familiar}:{reference.tag}" if keep else reference.familiar


def external_names(images: Sequence[Known], plain: frozenset[str]) -> dict[str, Where]:
    """Return the bare names that Dockerfiles use for images of Docker's library, with the place of one use.

    An image here must not be called so, or that use would be taken for it. A source that publishes the name with this
    tag means it; so may a plain Dockerfile (``plain``: their names), whose folder is all there is to go by, unless its
    own FROM or a version as a tag shows that the public image is meant.
    """
    said = {
        (reference.path, reference.tag or "latest")
        for each in images
        for reference in filter(None, map(parsed, each.published))
    }
    found: dict[str, Where] = {}
    for each in images:
        for text, where in each.references:
            reference = parsed(text)
            if reference is None or reference.domain != "docker.io" or not reference.path.startswith(_LIBRARY):
                continue
            name = reference.path.removeprefix(_LIBRARY)
            public = each.name == name or any(character.isdigit() for character in reference.tag + reference.digest)
            if (reference.path, reference.tag or "latest") not in said and (name not in plain or public):
                found.setdefault(name, where)
    return found


def doubtful(
    images: Sequence[Known], registry: str, given: Mapping[str, tuple[str, ...]], asides: Sequence[str]
) -> list[tuple[str, str, Where]]:
    """Return (image, reference, place) of references that may mean an image here, with nothing to prove it.

    asides: names of Dockerfiles that were set aside; such a reference would make one an image after all.
    """
    names = {_letters(each): each for each in (*asides, *(each.name for each in images))}
    claims = {
        reference.repository: each.name for each in images for reference in filter(None, map(parsed, each.published))
    }
    known = {alias for each in given.values() for alias in each}
    known.update(f"{registry}/{each.name}" for each in images if registry)
    found: dict[tuple[str, str], Where] = {}
    for each in images:
        for text, where in each.references:
            reference = parsed(text)
            if reference is None or _is_known(reference, known):
                continue
            namespace, _, last = reference.familiar.rpartition("/")
            meant = claims.get(reference.repository) or (names.get(_letters(last)) if namespace else None)
            if meant is not None and meant != each.name and reference.familiar != meant:
                found.setdefault((meant, reference.familiar), where)
    return [(name, text, where) for (name, text), where in found.items()]


def _letters(name: str) -> str:
    return re.sub("[-_.]", "", name)


def _is_known(reference: Reference, known: set[str]) -> bool:
    return reference.familiar in known or reference.familiar_text in known
