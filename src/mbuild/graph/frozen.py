"""A graph as bytes and back. What is rarely needed is only decoded when it is asked for.

The first line is JSON: what every question needs. Then come, a line each, the outlines and the definitions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mbuild.graph.index import Index, Room, Rules, Sources
from mbuild.graph.node import Graph, Source, Summary, Workshop

if TYPE_CHECKING:
    from mbuild.graph.outline import Outline
    from mbuild.images import ImageDef
    from mbuild.tree import Tree

T = TypeVar("T")


def freeze(graph: Graph) -> bytes:
    """Return a graph without problems as bytes."""
    from mbuild.store.codec import encode

    nodes = list(graph.nodes.values())
    head = {
        "order": graph.order,
        "summaries": [node.summary for node in nodes],
        "index": _index_value(graph.index),
    }
    lines = [head, *(encode(node.outline) for node in nodes), *(encode(node.definition) for node in nodes)]
    return "\n".join(json.dumps(each, separators=(",", ":")) for each in lines).encode()


def thaw(raw: bytes, tree: Tree, native: str) -> Graph:
    """Return the graph again, at its tree. Raises ValueError for bytes that are something else."""
    first, *lines = raw.split(b"\n")
    head = json.loads(first)
    names = head["index"]["names"]
    if len(lines) != 2 * len(names):
        raise ValueError("a graph has two lines for each of its images")
    definitions = [_Line(line, _definition) for line in lines[len(names) :]]
    shop = Workshop(lambda: tuple(each() for each in definitions), tree, native)
    graph = Graph(tuple(head["order"]), shop, _index(head["index"]))
    for name, summary, definition, line in zip(names, head["summaries"], definitions, lines, strict=False):
        dockerfile, root, target, platforms, parents = summary
        row = Summary(dockerfile, root, target, tuple(platforms), tuple(parents))
        graph.add(name, row, Source(definition, _Line(line, _outline)))
    return graph


class _Line:
    """A value that is decoded when it is asked for."""

    def __init__(self, line: bytes, decoded: Callable[[Any], Any]) -> None:
        self._line = line
        self._decoded = decoded

    def __call__(self) -> Any:
        return self._value

    @cached_property
    def _value(self) -> Any:
        return self._decoded(json.loads(self._line))


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
