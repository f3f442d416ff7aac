"""The fingerprint: SHA-256 over everything that can change an image.

The encoding is length-prefixed, so no two different inputs have the same encoding: a string is its length and its
bytes, a list is the number of its items and then these. What counts is listed in ``docs/reference.md``; ``FORMAT`` is
part of the input and is raised whenever the encoding changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

from mbuild.dockerfile.model import ExternalImage, FolderContext, Operation, ParentImage, Recipe, Resolved, StageRecipe
from mbuild.graph.model import ContextUse
from mbuild.images import ImageDef, ImageTest
from mbuild.tree import Entry

FORMAT = "mbuild/2"

_NAME = itemgetter(0)
"""Flags are sorted by name alone: of two mounts with one target BuildKit takes the last, so their order counts."""

Encodable = str | int | bool | bytes | None | tuple["Encodable", ...]


def encode(value: Encodable) -> bytes:
    """Return an injective encoding of nested tuples of strings, integers, booleans and None; bytes are encoded ones."""
    parts: list[bytes] = []
    _encode(value, parts)
    return b"".join(parts)


def _encode(value: Encodable, parts: list[bytes]) -> None:
    if isinstance(value, str):
        parts.append(_text(value))
    elif isinstance(value, tuple):
        parts.append(b"l%d:" % len(value))
        for each in value:
            # Most are these: one call less for each.
            if isinstance(each, str):
                parts.append(_text(each))
            elif isinstance(each, bytes):
                parts.append(each)
            elif each == ():
                parts.append(b"l0:")
            else:
                _encode(each, parts)
    elif isinstance(value, bytes):
        parts.append(value)
    else:
        parts.append(b"n;" if value is None else b"i%d;" % value)


def _text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogateescape")
    return b"s%d:%b" % (len(raw), raw)


def operation(each: Operation) -> Encodable:
    """Return what BuildKit would act on: no line numbers, no formatting."""
    documents = tuple((doc.name, doc.content, doc.expand, doc.fd) for doc in each.heredocs)
    return (each.keyword, each.args, tuple(sorted(each.flags, key=_NAME)), each.json, documents, each.from_onbuild)


def written(each: Operation) -> bytes:
    """Return the encoding of ``operation``."""
    return _operation(each)


def _operation(each: Operation) -> bytes:
    """Return the encoding of ``operation``, for most of them without making that: there are ten in an image."""
    if not each.heredocs:
        args = "".join([f"s{len(word)}:{word}" for word in each.args])
        flags = "".join([f"l2:s{len(key)}:{key}s{len(text)}:{text}" for key, text in sorted(each.flags, key=_NAME)])
        text = (
            f"l6:s{len(each.keyword)}:{each.keyword}l{len(each.args)}:{args}l{len(each.flags)}:{flags}"
            f"i{each.json:d};l0:i{each.from_onbuild:d};"
        )
        if text.isascii():  # then the lengths are those of the bytes
            return text.encode()
    return encode(operation(each))


def _resolved(value: int | Resolved | None) -> Encodable:
    match value:
        case ParentImage(image):
            return ("parent", image)
        case FolderContext(context):
            return ("folder", context)
        case ExternalImage(ref):
            return ("external", ref)
        case _:
            return value


def used(sources: Iterable[tuple[str, int | Resolved]]) -> bytes:
    """Return the encoding of where an operation takes files from: (the name, what it stands for) of each."""
    # A stage is known by its place in the recipe: what it is called does not count.
    pairs = tuple([(None if isinstance(target, int) else word, _resolved(target)) for word, target in sources])
    return encode(pairs) if pairs else b"l0:"


def stage(base: int | Resolved | None, platform: str, operations: Sequence[bytes], sources: Sequence[bytes]) -> bytes:
    """Return the encoding of (base, platform, operations, sources); those of operations and sources are made."""
    begin = b"l4:%b%bl%d:" % (encode(_resolved(base)), _text(platform), len(operations))
    return b"".join((begin, *operations, b"l%d:" % len(sources), *sources))


def _stage(each: StageRecipe) -> bytes:
    return stage(each.base, each.platform, [*map(written, each.operations)], [*map(used, each.sources)])


def recipe(value: Recipe) -> Encodable:
    """Return the meaning of a recipe."""
    stages = tuple([_stage(each) for each in value.stages])
    if value.older is None:
        return (value.syntax, stages)
    return (value.syntax, stages, tuple([_stage(each) for each in value.older.stages]))


def entries(found: Iterable[Entry]) -> bytes:
    """Return the encodings of (path, mode, oid) one after the other: made by hand, there may be 100,000 of them."""
    lines = []
    for each in found:
        path = each.path.encode("utf-8", "surrogateescape")
        oid = each.oid.encode()
        lines.append(b"l3:s%d:%bi%d;s%d:%b" % (len(path), path, each.mode, len(oid), oid))
    return b"".join(lines)


def _context(use: ContextUse) -> bytes:
    """Return the encoding of (name, folders, all (path, mode, oid)), and of attributes where there are any."""
    count = sum(len(each.entries) for each in use.pieces)
    parts = (each.encoded for each in use.pieces)
    # None for none: images that no such file is for keep their fingerprints.
    length, attributes = (b"l4:", encode(use.attributes)) if use.attributes else (b"l3:", b"")
    return b"".join((length, encode(use.name), encode(use.folders), b"l%d:" % count, *parts, attributes))


def _is_for_builder(name: str) -> bool:
    """Whether BuildKit acts on a build argument although no ARG declares it: dates, attestations, the frontend."""
    return name == "SOURCE_DATE_EPOCH" or name.startswith("BUILDKIT_")


def _tests(test: ImageTest | None) -> tuple[Encodable, ...]:
    """Return a test as it counts, () for none: images without one have the fingerprints they had before tests."""
    if test is None:
        return ()
    files = tuple((each.path, each.kind, each.mode, each.owner) for each in test.files)
    return ((test.command, repr(test.seconds), files),)


def _passed(definition: ImageDef) -> Iterator[Encodable]:
    """Yield what is handed on, with its name; nothing for none, so that other images keep their fingerprints."""
    if definition.labels:
        yield ("labels", definition.labels)
    if definition.ssh:
        yield ("ssh", tuple((each.id, each.paths) for each in definition.ssh))
    if definition.unheld:
        yield ("unheld", definition.unheld)


def _given(definition: ImageDef) -> Encodable:
    """Return what BuildKit gives to a frontend of which nothing is known; it may act on any of it."""
    # The files of a folder count as what is read from it; where it lies no frontend can see.
    contexts = tuple(
        (each.name, each.kind, "" if each.kind == "folder" else each.value) for each in definition.contexts
    )
    return ("given", tuple(sorted(definition.args)), definition.target or "", tuple(sorted(contexts)))


def meaning(
    definition: ImageDef,
    platforms: tuple[str, ...],
    recipes: Iterable[Encodable],
    unread: Iterable[str],
    *,
    foreign: bool = False,
) -> str:
    """Return the digest of all that can change an image, its files and its parents' fingerprints aside.

    recipes: what ``recipe`` returns for each platform.
    unread: blob ids of definitions that could not be read exactly and so count byte for byte.
    foreign: another frontend than Docker's reads the Dockerfile.
    """
    value = (
        FORMAT,
        platforms,
        tuple(recipes),
        tuple(sorted(pair for pair in definition.args if _is_for_builder(pair[0]))),
        tuple((each.id, each.env, each.file) for each in definition.secrets),
        tuple(unread),
        *_tests(definition.test),
        *_passed(definition),
        *((_given(definition),) if foreign else ()),
    )
    return hashlib.sha256(encode(value)).hexdigest()


def identity(own: str, contexts: Iterable[ContextUse]) -> str:
    """Return the digest of all that can change an image, its parents' fingerprints aside. own: its meaning."""
    parts = [_context(each) for each in contexts]
    return hashlib.sha256(b"".join((b"l3:", encode(FORMAT), encode(own), b"l%d:" % len(parts), *parts))).hexdigest()


def fingerprint(own: str, uses: Iterable[tuple[str, str, str]], parents: Mapping[str, str]) -> str:
    """Return the fingerprint from an image's identity and the fingerprints of the images it uses.

    uses: (kind, name, parent) of its edges.
    """
    used = tuple(sorted({(kind, name, parents[parent]) for kind, name, parent in uses}))
    return hashlib.sha256(encode((FORMAT, own, used))).hexdigest()
