"""Under which references images are known: a registry that they share, or aliases. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from functools import lru_cache

from mbuild.discovery.model import ANY
from mbuild.errors import Where
from mbuild.references import NameProblem, Reference, parse_reference
from mbuild.values import dataclass, replace

_LIBRARY = "library/"
MIN_EVIDENCE = 2
_PROJECT = re.compile("[a-z0-9][-_a-z0-9]*")
_OFFICIAL = frozenset(
    {
        "api-firewall",
        "buildpack-deps",
        "docker-dev",
        "eclipse-mosquitto",
        "eclipse-temurin",
        "express-gateway",
        "hello-seattle",
        "hello-world",
        "hola-mundo",
        "ibm-semeru-runtimes",
        "kaazing-gateway",
        "mongo-express",
        "nats-streaming",
        "open-liberty",
        "php-zendserver",
        "r-base",
        "rakudo-star",
        "ubuntu-debootstrap",
        "ubuntu-upstart",
        "websphere-liberty",
    }
)
"""The names of Docker's library that PROJECT-SERVICE may look like (docker-library/official-images)."""


@dataclass(frozen=True, slots=True)
class Known:
    """An image: its name, the references its sources give it, those its Dockerfile makes, its source's folder.

    tagged: references that mean it with this very tag, as its folders do (``meant.with_folders``).
    """

    name: str
    published: tuple[str, ...]
    references: tuple[tuple[str, Where], ...]
    folder: str = ""
    dockerfile: str = ""
    tagged: tuple[str, ...] = ()


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
    found = Counter(prefix for _, prefix in referred(images))
    if not found:
        return "", False
    prefix, count = min(found.items(), key=lambda each: (-each[1], each[0]))
    return (prefix, True) if count >= MIN_EVIDENCE else ("", False)


def referred(images: Sequence[Known]) -> set[tuple[str, str]]:
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
    said = (_alias(each, owners) for each in map(parsed, image.published) if each)
    return tuple(dict.fromkeys((*said, *image.tagged)))


def _alias(reference: Reference, owners: Mapping[str, set[str]]) -> str:
    shared = len(owners[reference.repository]) > 1 or reference.path.startswith(_LIBRARY)
    # Without a tag a reference means ``latest`` to Docker.
    keep = shared and reference.tag not in ("", "latest")
    return f"{reference.familiar}:{reference.tag}" if keep else reference.familiar


def with_called(images: Sequence[Known], called: Sequence[frozenset[str]]) -> list[Known]:
    """Return images with the names that they are called by in a Dockerfile, though nothing publishes them.

    called: of each image; what begins with ANY may begin as any project is called.
    """
    if not any(called):
        return list(images)
    references = [found for each in images for text, _ in each.references if (found := parsed(text))]
    used = {each.familiar for each in references}
    ends = {name.removeprefix(ANY) for names in called for name in names if name.startswith(ANY)}
    meant: dict[str, set[str]] = {}
    for each in references if ends else ():
        if each.path == f"{_LIBRARY}{each.familiar}" and each.tag in ("", "latest") and not each.digest:
            meant.setdefault(ANY + _end(each.familiar, ends), set()).add(each.familiar)
    return [
        replace(image, published=(*image.published, *sorted(_used(image, names, used, meant))))
        for image, names in zip(images, called, strict=True)
    ]


def _used(image: Known, called: frozenset[str], used: Set[str], meant: Mapping[str, set[str]]) -> Set[str]:
    """Return the names an image is called by. What its own Dockerfile uses is another image, if that is a guess."""
    guessed = {name for each in called for name in meant.get(each, ())}
    own = {found.familiar for text, _ in image.references if guessed and (found := parsed(text))}
    return (called & used) | (guessed - own)


def _end(name: str, ends: Set[str]) -> str:
    """Return the longest end of a name behind what a project may be called, "" where there is none."""
    if name in _OFFICIAL:
        return ""
    cuts = (match.start() for match in re.finditer("[-_]", name))
    return next((name[at:] for at in cuts if name[at:] in ends and _PROJECT.fullmatch(name[:at])), "")


def guessed(aliases: Sequence[str], called: Set[str], tagged: Collection[str] = ()) -> Iterator[str]:
    """Yield what is guessed where an alias is what an image is called only in clones of one name, or by its folders."""
    yield from (f"{each} is guessed from the folders" for each in aliases if each in tagged)
    ends = {each.removeprefix(ANY) for each in called if each.startswith(ANY)}
    for each in aliases if ends else ():
        if end := _end(each, ends):
            yield f"{each} is taken for what compose calls it in a clone called {each.removesuffix(end)}"


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
