"""A graph as bytes and back. What is rarely needed is only decoded when it is asked for.

First comes JSON: what every question needs, and the lengths of the tables behind it, in which the index is looked up.
Then come, a line each, the outlines and the definitions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from mbuild.errors import Where
from mbuild.graph.defined import Definitions, Thawed, lines_of
from mbuild.graph.images import Source, Summary, read
from mbuild.graph.index import Index, Sources
from mbuild.graph.keeper import Rules
from mbuild.graph.node import Graph
from mbuild.graph.workshop import Workshop
from mbuild.store.table import DIGITS, FEW, Rows, Table
from mbuild.tree import Entry

if TYPE_CHECKING:
    from mbuild.graph.outline import Outline
    from mbuild.tree import Tree


def freeze(graph: Graph, beside: Sequence[str]) -> bytes:
    """Return a graph without problems as bytes, with some texts that are kept beside it."""
    from mbuild.graph.parts import join, listed, part_of

    nodes, definitions = list(graph.nodes.values()), graph.workshop.definitions
    summaries = ((node.summary, graph.images.uses(node.name)) for node in nodes)
    whole = part_of(graph.index, 0, summaries, (node.outline for node in nodes), lines_of(definitions))
    return join([whole], graph.order, definitions.filed(), listed(graph.workshop.scattered()), beside)


def thaw(raw: memoryview, tree: Tree, native: str) -> tuple[Graph, Sequence[str]]:
    """Return the graph again, at its tree, and what was kept beside it.

    Raises ValueError for bytes that are something else.
    """
    end = DIGITS + int(bytes(raw[:DIGITS]))
    head = json.loads(bytes(raw[DIGITS:end]))
    *tables, filed, rules, said, uses, outlines, defined = _cut(raw[end:], head["parts"])
    names = head["names"]
    summaries = _Summaries(names, said)
    definitions = Thawed(names, defined, Table(filed), lambda number: summaries[names[number]].platforms)
    images = _FrozenImages(summaries, head["children"], Rows(uses), outlines, definitions)
    scattered = head["scattered"]
    shop = Workshop(definitions, tree, native, cache(lambda: [Entry(*each) for each in scattered]))
    index = _index(head, [Table(each) for each in tables], rules)
    return Graph(tuple(head["order"]), images, shop, index), head["beside"]


def _cut(raw: memoryview, lengths: Sequence[int]) -> list[memoryview]:
    if sum(lengths) != len(raw):
        raise ValueError("the parts of a graph do not make the whole")
    found, at = [], 0
    for length in lengths:
        found.append(raw[at : at + length])
        at += length
    return found


def _index(head: Mapping[str, Any], tables: Sequence[Table], rules: memoryview) -> Index:
    literal, wild, defined, watched, roots, asked = tables
    return Index(
        names=head["names"],
        rooms=head["rooms"],
        sources=Sources(literal, wild),
        rules=_Rules(rules),
        excludes=head["excludes"],
        defined=defined,
        watched=watched,
        roots=roots,
        vague=head["vague"],
        asked=asked,
    )


class _Summaries(Mapping[str, Summary]):
    """Summaries of which few are asked for, or all."""

    def __init__(self, names: Sequence[str], lines: memoryview) -> None:
        self.names = names
        self._raw = lines
        self._known: dict[str, Summary] = {}
        self._whole = False

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each image."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def lines(self) -> Sequence[str]:
        """What is written of each image."""
        return bytes(self._raw).decode("ascii").split("\n")

    def __getitem__(self, name: str) -> Summary:
        if name not in self._known and not self._whole:
            if len(self._known) < FEW:
                (self._known[name],) = read(self.lines[self.numbers[name]])
            else:
                self._known = dict(zip(self.names, read(bytes(self._raw).removesuffix(b"\n")), strict=True))
                self._whole = True
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class _FrozenImages:
    """Images of which the rest is decoded when it is asked for."""

    def __init__(
        self,
        summaries: _Summaries,
        children: Mapping[str, Sequence[str]],
        uses: Rows,
        outlines: memoryview,
        defined: Definitions,
    ) -> None:
        self.names = summaries.names
        self.summaries = summaries
        self.children = children
        self._uses = uses
        self._outlines = outlines
        self._defined = defined
        self._sources: dict[str, Source] = {}

    @cached_property
    def _lines(self) -> Sequence[bytes]:
        return bytes(self._outlines).split(b"\n")

    def written(self, name: str) -> str:
        """Return the summary of one image as ``images.written`` does."""
        return self.summaries.lines[self.summaries.numbers[name]]

    def uses(self, name: str) -> Sequence[tuple[str, Where | None]]:
        """Return the images that an image uses, sorted, each with the place of its first use."""
        return [
            (parent, Where(*where) if where else None) for parent, *where in self._uses[self.summaries.numbers[name]]
        ]

    def source(self, name: str) -> Source:
        """Return where its definition and its outline come from."""
        if name not in self._sources:
            outline = self._lines[self.summaries.numbers[name]]
            definition = partial(self._defined.of, name)
            self._sources[name] = Source(definition, cache(lambda: outline_from(json.loads(outline))))
        return self._sources[name]


def outline_from(value: Any) -> Outline:
    """Return the outline that ``encode`` made a JSON value of."""
    from mbuild.graph.outline import Outline
    from mbuild.store.codec import decode

    return decode(Outline, value)


class _Rules(Rows):
    """All rules, made when they are asked for."""

    def __init__(self, raw: memoryview) -> None:
        super().__init__(raw)
        self._made: dict[int, Rules] = {}

    def __getitem__(self, number: Any) -> Any:
        if number not in self._made:
            root, lines, include = super().__getitem__(number)
            lines = tuple((pattern, line) for pattern, line in lines)
            self._made[number] = Rules(root, lines, tuple(include))
        return self._made[number]
