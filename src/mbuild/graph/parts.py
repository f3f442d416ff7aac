"""Parts of a graph as they are handed over and put together: images with what the index says of them.

However a graph is cut, the same bytes come of it (``join``): images are numbered in order, and what is filed under a
key is in the order of the images, the keys in that of their first image.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mbuild.graph.images import children_of
from mbuild.graph.images import written as said
from mbuild.graph.index import FIELDS
from mbuild.store.table import DIGITS, rows, table, whole, written
from mbuild.tree import Entry
from mbuild.values import NamedTuple

if TYPE_CHECKING:
    from mbuild.errors import Where
    from mbuild.graph.images import Summary
    from mbuild.graph.index import Index
    from mbuild.graph.outline import Outline

TABLES = ("literal", "wild", "defined", "watched", "roots", "asked")
"""Those of the index, in the order in which they are written."""

PLAIN = ("literal", "defined", "watched", "roots", "asked")
"""Those of lists of numbers."""

_RULES, _EXCLUDES = 0, 3  # where the numbers of rules stand in a room, and those of excludes in a hit

Inner = str
"""What stands between the brackets of a list that is written as JSON: two lists are put together as texts are."""

Keyed = dict[str, Inner]
"""Lists by their keys. Keys are written as JSON, too."""


class Part(NamedTuple):
    """Some images of a graph, one after the other in order of names. All of it is what JSON can hold, but the lines.

    names, parents: of each image its name, and those of the images that it uses.
    rooms:          of each image; rules and excludes, each written as JSON, are those of these images alone.
    vague, tables:  of the index, where images have the numbers that they have in the whole.
    wild:           that table: by folder, and then by the components of a source.
    lines:          a line for each image of what every answer says of it (``images.written``), of the images that it
                    uses, of its outline, and of its definition (``defined.written``).
    """

    names: list[str]
    parents: list[list[str]]
    rooms: list[list[list[Any]]]
    rules: list[str]
    excludes: list[str]
    vague: list[int]
    tables: dict[str, Keyed]
    wild: dict[str, Keyed]
    lines: tuple[bytes, ...]


def part_of(
    index: Index,
    first: int,
    summaries: Iterable[tuple[Summary, Sequence[tuple[str, Where | None]]]],
    outlines: Iterable[Outline],
    defined: Iterable[bytes],
) -> Part:
    """Return the part of a graph that an index is of.

    first: the number of its first image. summaries: each with the images used, and where first.
    """
    from mbuild.store.codec import encode

    def numbers(found: Iterable[int]) -> Inner:
        return ",".join([str(number + first) for number in found])

    def hits(found: Sequence[int]) -> Inner:
        moved = list(found)
        moved[::FIELDS] = [number + first for number in moved[::FIELDS]]
        return ",".join(map(str, moved))

    known = [(said(summary), summary.parents, [_use(*each) for each in uses]) for summary, uses in summaries]
    tables = (index.sources.literal, index.defined, index.watched, index.roots, index.asked)
    return Part(
        list(index.names),
        [[*parents] for _, parents, _ in known],
        [[list(room) for room in rooms] for rooms in index.rooms],
        [written([each.root, each.lines, each.include]) for each in index.rules],
        [written(each) for each in index.excludes],
        [number + first for number in index.vague],
        {
            name: {written(key): (hits if name == "literal" else numbers)(found) for key, found in whole(each).items()}
            for name, each in zip(PLAIN, tables, strict=True)
        },
        {
            written(key): {written(parts): hits(each) for parts, each in found}
            for key, found in whole(index.sources.wild).items()
        },
        (
            "".join([f"{each}\n" for each, *_ in known]).encode(),
            rows(uses for *_, uses in known),
            rows(encode(each) for each in outlines),
            b"".join([line + b"\n" for line in defined]),
        ),
    )


def _use(parent: str, where: Where | None) -> list[Any]:
    return [parent, where.file, where.line, where.col] if where else [parent]


def dump(part: Part) -> bytes:
    """Return a part as bytes."""
    first = json.dumps([*part[:-1], [len(each) for each in part.lines]]).encode()
    return b"".join((b"%0*d" % (DIGITS, len(first)), first, *part.lines))


def load(raw: bytes) -> Part:
    """Return the part again."""
    end = DIGITS + int(raw[:DIGITS])
    *values, lengths = json.loads(raw[DIGITS:end])
    cuts = itertools.pairwise(itertools.accumulate(lengths, initial=end))
    return Part._make((*values, tuple([raw[begin:stop] for begin, stop in cuts])))


def join(
    parts: Sequence[Part],
    order: Sequence[str],
    filed: Mapping[str, str],
    scattered: Sequence[Any],
    beside: Sequence[str],
) -> bytes:
    """Return the graph of all parts, one after the other, as ``frozen.thaw`` takes it. The parts are used up.

    filed: the image that each name means. scattered: ``listed``. beside: texts that are kept beside it.
    """
    all_, *others = parts
    rules, excludes = _Numbered(all_.rules), _Numbered(all_.excludes)
    for part in others:
        _renumber(part, rules.of(part.rules), excludes.of(part.excludes))
        for name, keyed in part.tables.items():
            _add(all_.tables[name], keyed)
        for key, sources in part.wild.items():
            _add(all_.wild.setdefault(key, {}), sources)
        all_.names.extend(part.names)
        all_.parents.extend(part.parents)
        all_.rooms.extend(part.rooms)
        all_.vague.extend(part.vague)
    tables = {name: ((key, found) for key, found in keyed.items()) for name, keyed in all_.tables.items()}
    wild = ((key, ",".join([f"[{each},[{hits}]]" for each, hits in found.items()])) for key, found in all_.wild.items())
    pieces = [
        *(_table(tables.get(name, wild)) for name in TABLES),
        table(filed),
        "".join([f"{each}\n" for each in all_.rules]).encode(),
        *(b"".join(each) for each in zip(*(part.lines for part in parts), strict=True)),
    ]
    head = {
        "beside": beside,
        "order": order,
        "names": all_.names,
        "children": children_of(zip(all_.names, all_.parents, strict=True)),
        "rooms": all_.rooms,
        "vague": all_.vague,
        "scattered": scattered,
        "parts": [len(each) for each in pieces],
    }
    first = f'{written(head)[:-1]},"excludes":[{",".join(all_.excludes)}]}}'.encode()
    return b"".join((b"%0*d" % (DIGITS, len(first)), first, *pieces))


class _Numbered:
    """Texts, each of them once."""

    def __init__(self, texts: list[str]) -> None:
        """Take the list to which others are added."""
        self._texts = texts
        self._numbers = {each: number for number, each in enumerate(texts)}

    def of(self, texts: Iterable[str]) -> list[int]:
        """Return the numbers of some texts."""
        found = []
        for each in texts:
            number = self._numbers.setdefault(each, len(self._texts))
            if number == len(self._texts):
                self._texts.append(each)
            found.append(number)
        return found


def _renumber(part: Part, rules: Sequence[int], excludes: Sequence[int]) -> None:
    """Give rules and excludes the numbers that they have in the whole."""
    for rooms in part.rooms:
        for room in rooms:
            room[_RULES] = rules[room[_RULES]]
    if list(excludes) == list(range(len(excludes))):
        return
    for keyed in (part.tables["literal"], *part.wild.values()):
        for key, hits in keyed.items():
            found = json.loads(f"[{hits}]")
            found[_EXCLUDES::FIELDS] = [each if each < 0 else excludes[each] for each in found[_EXCLUDES::FIELDS]]
            keyed[key] = ",".join(map(str, found))


def _add(known: Keyed, more: Keyed) -> None:
    """Add what stands under keys to what is known of them."""
    for key, found in more.items():
        before = known.get(key)
        known[key] = f"{before},{found}" if before else found


def _table(values: Iterable[tuple[str, Inner]]) -> bytes:
    """Return lists as ``store.table`` writes them."""
    return "".join(["\n", *(f"{key}\t[{inner}]\n" for key, inner in values)]).encode()


def listed(entries: Iterable[Entry]) -> list[list[str | int]]:
    """Return what is scattered over a tree as JSON can hold it."""
    return [[each.path, each.mode, each.oid] for each in entries]


def dump_listed(entries: Sequence[Entry]) -> bytes:
    """Return it as bytes."""
    return json.dumps(listed(entries)).encode()


def load_listed(raw: bytes) -> Sequence[Entry]:
    """Return it again."""
    return [Entry(*each) for each in json.loads(raw)]
