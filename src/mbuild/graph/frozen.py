"""A graph as bytes and back. What is rarely needed is only decoded when it is asked for.

The first line is JSON: what every question needs. Then come, a line each, the outlines and the definitions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from mbuild.graph.images import Source, Summary
from mbuild.graph.index import Index, Room, Rules, Sources
from mbuild.graph.node import Graph, Workshop
from mbuild.tree import Entry

if TYPE_CHECKING:
    from mbuild.graph.outline import Outline
    from mbuild.images import ImageDef
    from mbuild.tree import Tree


def freeze(graph: Graph) -> bytes:
    """Return a graph without problems as bytes."""
    from mbuild.store.codec import encode

    nodes = list(graph.nodes.values())
    head = {
        "order": graph.order,
        "summaries": [list(node.summary) for node in nodes],
        "index": _index_value(graph.index),
        "links": [[each.path, each.mode, each.oid] for each in graph.workshop.links()],
    }
    lines = [head, *(encode(node.outline) for node in nodes), *(encode(node.definition) for node in nodes)]
    # One encoder for all: `json.dumps` makes a new one each time when it is told the separators.
    return "\n".join(map(json.JSONEncoder(separators=(",", ":")).encode, lines)).encode()


def thaw(raw: bytes, tree: Tree, native: str) -> Graph:
    """Return the graph again, at its tree. Raises ValueError for bytes that are something else."""
    first, _, rest = raw.partition(b"\n")
    head = json.loads(first)
    if rest.count(b"\n") + bool(rest) != 2 * len(head["index"]["names"]):
        raise ValueError("a graph has two lines for each of its images")
    images = _FrozenImages(head["index"]["names"], head["summaries"], rest)
    links = head["links"]
    shop = Workshop(images.definitions, tree, native, lambda: [Entry(*each) for each in links])
    return Graph(tuple(head["order"]), images, shop, _index(head["index"]))


class _FrozenImages:
    """Images of which the rest is decoded when it is asked for."""

    def __init__(self, names: Sequence[str], rows: Sequence[Any], rest: bytes) -> None:
        self.names = names
        self._rows = rows
        self._rest = rest
        self._sources: dict[str, Source] = {}

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def _lines(self) -> Sequence[bytes]:
        return self._rest.split(b"\n")

    def summary(self, name: str) -> Summary:
        """Return what every answer says of an image."""
        dockerfile, root, target, platforms, parents = self._rows[self._numbers[name]]
        return Summary(dockerfile, root, target, tuple(platforms), tuple(parents))

    def parents(self, name: str) -> Sequence[str]:
        """Return the images that an image uses."""
        found: Sequence[str] = self._rows[self._numbers[name]][4]
        return found

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from."""
        if name not in self._sources:
            at = self._numbers[name]
            outline, definition = self._lines[at], self._lines[len(self.names) + at]
            self._sources[name] = Source(
                cache(lambda: _definition(json.loads(definition))), cache(lambda: _outline(json.loads(outline)))
            )
        return self._sources[name]

    def definitions(self) -> Sequence[ImageDef]:
        """Return the definitions of all images."""
        return [self.source(name).definition() for name in self.names]


def _outline(value: Any) -> Outline:
    from mbuild.graph.outline import Outline
    from mbuild.store.codec import decode

    return decode(Outline, value)


def _definition(value: Any) -> ImageDef:
    from mbuild.images import ImageDef
    from mbuild.store.codec import decode

    return decode(ImageDef, value)


def _index_value(index: Index) -> dict[str, Any]:
    return {
        "names": index.names,
        "rooms": [[[room.rules, room.linked] for room in rooms] for rooms in index.rooms],
        "literal": index.sources.literal,
        "wild": index.sources.wild,
        "rules": [[each.root, each.lines, each.include] for each in index.rules],
        "excludes": index.excludes,
        "defined": index.defined,
        "watched": index.watched,
        "roots": index.roots,
        "vague": index.vague,
    }


def _index(value: dict[str, Any]) -> Index:
    return Index(
        names=value["names"],
        rooms=_Rooms(value["rooms"]),
        sources=Sources(value["literal"], value["wild"]),
        rules=_Rules(value["rules"]),
        excludes=value["excludes"],
        defined=value["defined"],
        watched=value["watched"],
        roots=value["roots"],
        vague=value["vague"],
    )


class _Rules(Sequence[Rules]):
    """All rules, made when they are asked for."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        root, lines, include = self._rows[number]
        return Rules(root, tuple((pattern, line) for pattern, line in lines), tuple(include))


class _Rooms(Sequence[Sequence[Room]]):
    """The rooms of all images, made when they are asked for."""

    def __init__(self, rows: Sequence[Sequence[tuple[int, bool]]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        return [Room(*each) for each in self._rows[number]]
