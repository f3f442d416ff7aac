"""Parts of a graph as they are handed over and put together: images with what the index says of them.

However a graph is cut, the same bytes come of it (``join``): images are numbered in order, and what is filed under a
key is in the order of the images, the keys in that of their first image.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mbuild.graph.index import FIELDS
from mbuild.store.table import rows, table
from mbuild.tree import Entry

if TYPE_CHECKING:
    from mbuild.errors import Where
    from mbuild.graph.images import Summary
    from mbuild.graph.index import Index
    from mbuild.graph.outline import Outline

DIGITS = 12
"""Of the length of what every question needs, with which the bytes begin."""

TABLES = ("literal", "wild", "defined", "watched", "roots", "asked")
"""Those of the index, in the order in which they are written."""

_RULES, _EXCLUDES = 0, 3  # where the numbers of rules stand in a room, and those of excludes in a hit


class Part(NamedTuple):
    """Some images of a graph, sorted by name. All of it but the lines is what JSON can hold.

    tables, rules, rooms, excludes, vague: of an index of these images alone.
    outlines, defined: a line for each image: its outline, and its definition (``defined.written``).
    """

    names: Sequence[str]
    summaries: Sequence[Any]
    rooms: Sequence[Any]
    rules: Sequence[Any]
    excludes: Sequence[Any]
    vague: Sequence[int]
    tables: Mapping[str, Any]
    outlines: bytes
    defined: bytes

    @property
    def parents(self) -> dict[str, Collection[str]]:
        """The images that each image uses."""
        return {name: [each[0] for each in row[4]] for name, row in zip(self.names, self.summaries, strict=True)}


def part_of(
    index: Index,
    summaries: Iterable[tuple[Summary, Sequence[tuple[str, Where | None]]]],
    outlines: Iterable[Outline],
    defined: Iterable[bytes],
) -> Part:
    """Return the part of a graph that an index is of. summaries: each with the images used, and where first."""
    from mbuild.store.codec import encode

    return Part(
        index.names,
        [[*summary[:-1], [_use(*each) for each in uses]] for summary, uses in summaries],
        [[list(room) for room in rooms] for rooms in index.rooms],
        [[each.root, each.lines, each.include] for each in index.rules],
        index.excludes,
        index.vague,
        dict(zip(TABLES, (*index.sources, index.defined, index.watched, index.roots, index.asked), strict=True)),
        rows(encode(each) for each in outlines),
        b"".join(line + b"\n" for line in defined),
    )


def _use(parent: str, where: Where | None) -> list[Any]:
    return [parent, where.file, where.line, where.col] if where else [parent]


def dump(part: Part) -> bytes:
    """Return a part as bytes."""
    first = json.dumps([*part[:-2], len(part.outlines)]).encode()
    return b"".join((b"%0*d" % (DIGITS, len(first)), first, part.outlines, part.defined))


def load(raw: bytes) -> Part:
    """Return the part again."""
    end = DIGITS + int(raw[:DIGITS])
    *values, length = json.loads(raw[DIGITS:end])
    return Part._make((*values, raw[end : end + length], raw[end + length :]))


def join(
    parts: Sequence[Part], order: Sequence[str], filed: Mapping[str, str], links: Sequence[Any], beside: Sequence[str]
) -> bytes:
    """Return the graph of all parts, one after the other, as ``frozen.thaw`` takes it. The first one is used up.

    filed: the image that each name means. links: [path, mode, id] of each link. beside: texts that are kept beside it.
    """
    whole = parts[0]
    for part in parts[1:]:
        whole = _joined(whole, part)
    tables = [table(whole.tables[each]) for each in TABLES]
    pieces = [*tables, table(filed), rows(whole.rules), whole.outlines, whole.defined]
    head = {
        "beside": beside,
        "order": order,
        "names": whole.names,
        "summaries": whole.summaries,
        "rooms": whole.rooms,
        "excludes": whole.excludes,
        "vague": whole.vague,
        "links": links,
        "parts": [len(each) for each in pieces],
    }
    first = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((b"%0*d" % (DIGITS, len(first)), first, *pieces))


def _joined(one: Part, other: Part) -> Part:
    images = len(one.names)
    rules, rule_numbers = _numbered(one.rules, other.rules)
    excludes, exclude_numbers = _numbered(one.excludes, other.excludes)

    def hits(numbers: Sequence[int]) -> list[int]:
        found = list(numbers)
        found[::FIELDS] = [number + images for number in found[::FIELDS]]
        if exclude_numbers:
            found[_EXCLUDES::FIELDS] = [exclude_numbers.get(number, number) for number in found[_EXCLUDES::FIELDS]]
        return found

    def numbers(found: Sequence[int]) -> list[int]:
        return [number + images for number in found]

    tables = {name: dict(each) for name, each in one.tables.items()}
    for key, found in other.tables["literal"].items():
        tables["literal"][key] = [*tables["literal"].get(key, ()), *hits(found)]
    for key, found in other.tables["wild"].items():
        tables["wild"][key] = _wild(tables["wild"].get(key, ()), [(parts, hits(each)) for parts, each in found])
    for name in TABLES[2:]:
        for key, found in other.tables[name].items():
            tables[name][key] = [*tables[name].get(key, ()), *numbers(found)]
    return Part(
        [*one.names, *other.names],
        [*one.summaries, *other.summaries],
        [*one.rooms, *([[rule_numbers[rule], linked] for rule, linked in rooms] for rooms in other.rooms)],
        rules,
        excludes,
        [*one.vague, *numbers(other.vague)],
        tables,
        one.outlines + other.outlines,
        one.defined + other.defined,
    )


def _numbered(one: Sequence[Any], other: Sequence[Any]) -> tuple[list[Any], dict[int, int]]:
    """Return both lists as one, each item once, and the numbers that those of the other one have there."""
    known = {json.dumps(each): number for number, each in enumerate(one)}
    found, moved = list(one), {}
    for number, each in enumerate(other):
        moved[number] = known.setdefault(json.dumps(each), len(found))
        if moved[number] == len(found):
            found.append(each)
    return found, moved


def _wild(one: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    """Return what is filed under a folder by the components of its sources."""
    found = {json.dumps(parts): (parts, hits) for parts, hits in one}
    for parts, hits in other:
        _, before = found.get(json.dumps(parts), (parts, ()))
        found[json.dumps(parts)] = (parts, [*before, *hits])
    return list(found.values())


def links_of(entries: Iterable[Entry]) -> list[list[str | int]]:
    """Return links as JSON can hold them."""
    return [[each.path, each.mode, each.oid] for each in entries]


def dump_links(entries: Sequence[Entry]) -> bytes:
    """Return links as bytes."""
    return json.dumps(links_of(entries)).encode()


def load_links(raw: bytes) -> Sequence[Entry]:
    """Return the links again."""
    return [Entry(*each) for each in json.loads(raw)]
