"""What a graph knows of its images, wherever that comes from. Graphs of trees that define them alike share it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from json.encoder import encode_basestring_ascii as _text
from typing import TYPE_CHECKING, Protocol, TypeVar

from mbuild.values import NamedTuple

if TYPE_CHECKING:
    from mbuild.errors import Where
    from mbuild.graph.defined import Definitions
    from mbuild.graph.outline import Outline
    from mbuild.images import ImageDef


T = TypeVar("T")


class Source(NamedTuple):
    """Where the definition and the outline of an image come from. Two that are the same object give the same value."""

    definition: Callable[[], ImageDef]
    outline: Callable[[], Outline]


class Summary(NamedTuple):
    """What every answer says of an image. Paths are from the git root; parents are sorted."""

    dockerfile: str
    context_root: str
    target: str | None
    platforms: tuple[str, ...]
    parents: tuple[str, ...]


def written(about: Summary) -> str:
    """Return what answers say of an image as they say it: the members of a JSON object, by the contract's keys."""
    return (
        f'"dockerfile": {_text(about.dockerfile)}, "context_root": {_text(about.context_root or ".")}, '
        f'"target": {"null" if about.target is None else _text(about.target)}, '
        f'"parents": {_texts(about.parents)}, "platforms": {_texts(about.platforms)}'
    )


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def read(text: str | bytes) -> Sequence[Summary]:
    """Return the summaries of which ``written`` returned these lines."""
    found = json.loads(b"[{%b}]" % text.replace(b"\n", b"},{") if isinstance(text, bytes) else f"[{{{text}}}]")
    return [
        Summary(dockerfile, root if root != "." else "", target, tuple(platforms), tuple(parents))
        for dockerfile, root, target, parents, platforms in map(dict.values, found)
    ]


def children_of(parents: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    """Return the images that use each image, of those that are used."""
    found: dict[str, list[str]] = {}
    for name, used in parents:
        for each in used:
            found.setdefault(each, []).append(name)
    return found


Known = tuple[Summary, Callable[[], "Outline"]]
"""What is known of an image: what every answer says of it, and what gives its outline."""


def constant(value: T) -> Callable[[], T]:
    """Return what gives a value that is there."""
    return lambda: value


class Images(Protocol):
    """What is known of the images of a graph, wherever it comes from. Two graphs that share it are defined alike."""

    @property
    def names(self) -> Sequence[str]:
        """The names, sorted."""
        ...

    @property
    def summaries(self) -> Mapping[str, Summary]:
        """What every answer says of each image."""
        ...

    def written(self, name: str) -> str:
        """Return that of one image as ``written`` does."""
        ...

    @property
    def children(self) -> Mapping[str, Sequence[str]]:
        """The images that use each image, of those that are used."""
        ...

    def uses(self, name: str) -> Sequence[tuple[str, Where | None]]:
        """Return the images that an image uses, sorted, each with the place of its first use."""
        ...

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from: the same object every time."""
        ...


class BuiltImages:
    """Images that were outlined in this run."""

    def __init__(self, found: Mapping[str, tuple[Summary, Source]]) -> None:
        """Take what is known of each image."""
        self.names = sorted(found)
        self.summaries = {name: each for name, (each, _) in found.items()}
        self._found = found

    def written(self, name: str) -> str:
        """Return the summary of one image as ``written`` does."""
        return written(self.summaries[name])

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """The images that use each image."""
        return children_of((name, each.parents) for name, each in self.summaries.items())

    def uses(self, name: str) -> Sequence[tuple[str, Where | None]]:
        """Return the images that an image uses, sorted, each with the place of its first use."""
        return uses(self._found[name][1].outline())

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from."""
        return self._found[name][1]


class PatchedImages:
    """The images of another graph, some of which are defined or outlined otherwise. They share the rest."""

    def __init__(self, base: Images, definitions: Definitions, fresh: Mapping[str, Known]) -> None:
        """Take the images of the other graph, all definitions of now, and what is known of the images that differ."""
        self.names = definitions.names
        self.base = base
        self.fresh: Collection[str] = fresh.keys()
        # However long a chain of changes is, what is asked is one step away.
        self._root: Images = base
        self._known = fresh
        if isinstance(base, PatchedImages):
            self._root, self._known = base._root, {**base._known, **fresh}
        self._definitions = definitions
        self._sources: dict[str, Source] = {}

    @cached_property
    def summaries(self) -> Mapping[str, Summary]:
        """What every answer says of each image."""
        known, root = self._known, self._root.summaries
        return {name: known[name][0] if name in known else root[name] for name in self.names}

    def written(self, name: str) -> str:
        """Return the summary of one image as ``written`` does."""
        return written(self._known[name][0]) if name in self._known else self._root.written(name)

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """The images that use each image."""
        there = frozenset(self.names)
        found = children_of((name, about.parents) for name, (about, _) in self._known.items() if name in there)
        for name, users in self._root.children.items():
            found.setdefault(name, []).extend(each for each in users if each in there and each not in self._known)
        return found

    def uses(self, name: str) -> Sequence[tuple[str, Where | None]]:
        """Return the images that an image uses, sorted, each with the place of its first use."""
        return uses(self._known[name][1]()) if name in self._known else self._root.uses(name)

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from."""
        if name not in self._sources:
            # Where a definition stands may have changed, though nothing else has.
            self._sources[name] = Source(partial(self._definitions.of, name), self._outline(name))
        return self._sources[name]

    def _outline(self, name: str) -> Callable[[], Outline]:
        if name in self.fresh:
            return self._known[name][1]
        return self.base.source(name).outline


def differing(old: Images, new: Images) -> Collection[str] | None:
    """Return the images that may be defined or outlined otherwise in two graphs; None: any may."""
    if new is old:
        return ()
    return new.fresh if isinstance(new, PatchedImages) and new.base is old else None


def uses(outline: Outline) -> Sequence[tuple[str, Where | None]]:
    """Return the images that an image uses, in the order of its edges, each with the place of its first use."""
    found: dict[str, Where | None] = {}
    for edge in outline.edges:
        found.setdefault(edge.parent, edge.where)
    return list(found.items())
