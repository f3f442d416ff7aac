"""What build.yaml says of all images of a project, wherever that comes from.

As bytes a definition is a line: what it says, a tab, and where it says that. So two files are compared image by image
without decoding what they have in common.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mbuild.store.table import Table, rows, table
from mbuild.store.table import written as json_of
from mbuild.values import dataclass, field_names

if TYPE_CHECKING:
    from mbuild.images import ImageDef


class Definitions(Protocol):
    """The definitions of all images at one tree. Most questions are about few of them."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the images, sorted."""
        ...

    def all(self) -> Sequence[ImageDef]:
        """Return all of them."""
        ...

    def of(self, name: str) -> ImageDef:
        """Return that of one image. Raises KeyError."""
        ...

    def platforms(self, name: str) -> tuple[str, ...]:
        """Return the platforms that an image names. Raises KeyError."""
        ...

    def value(self, name: str, field: str) -> Any:
        """Return what is said of an image in one field of plain values, as JSON has it. Raises KeyError."""
        ...

    def said(self, name: str) -> bytes:
        """Return what is said of an image: the same bytes where an outline from one would be that from the other."""
        ...

    def filed(self) -> Mapping[str, str]:
        """Return the image that each name means (``lookup.filed``)."""
        ...


class Defined:
    """Definitions that are all there."""

    def __init__(self, images: Sequence[ImageDef]) -> None:
        """Take the definitions."""
        self._by_name = {each.name: each for each in images}
        self.names = sorted(self._by_name)

    def all(self) -> Sequence[ImageDef]:
        """Return all of them."""
        return tuple(self._by_name.values())

    def of(self, name: str) -> ImageDef:
        """Return that of one image. Raises KeyError."""
        return self._by_name[name]

    def platforms(self, name: str) -> tuple[str, ...]:
        """Return the platforms that an image names. Raises KeyError."""
        return self._by_name[name].platforms

    def value(self, name: str, field: str) -> Any:
        """Return what is said of an image in one field."""
        return getattr(self._by_name[name], field)

    def said(self, name: str) -> bytes:
        """Return what is said of an image."""
        return written(self._by_name[name]).partition(b"\t")[0]

    def filed(self) -> Mapping[str, str]:
        """Return the image that each name means."""
        from mbuild.graph.lookup import filed

        return filed(self.all())


class Thawed:
    """Definitions as bytes, each decoded when it is asked for."""

    def __init__(
        self,
        names: Sequence[str],
        raw: bytes | memoryview,
        filed: Table,
        platforms: Callable[[int], tuple[str, ...]] | None = None,
    ) -> None:
        """Take the names, sorted, and as many lines as ``written`` returns them.

        filed: the image that each name means. platforms: gives those of an image by number, where that is known.
        """
        self.names = names
        self._raw = raw
        self._filed = filed
        self._platforms = platforms
        self._known: dict[str, ImageDef] = {}

    @cached_property
    def lines(self) -> Sequence[bytes]:
        """The line of each image."""
        return bytes(self._raw).split(b"\n")[: len(self.names)]

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def all(self) -> Sequence[ImageDef]:
        """Return all of them."""
        return [self.of(name) for name in self.names]

    def of(self, name: str) -> ImageDef:
        """Return that of one image. Raises KeyError."""
        if name not in self._known:
            self._known[name] = _read(self.lines[self._numbers[name]])
        return self._known[name]

    def platforms(self, name: str) -> tuple[str, ...]:
        """Return the platforms that an image names. Raises KeyError."""
        return self._platforms(self._numbers[name]) if self._platforms else self.of(name).platforms

    def value(self, name: str, field: str) -> Any:
        """Return what is said of an image in one field."""
        if name in self._known:
            return getattr(self._known[name], field)
        said, plain = self.said(name), _plain()
        if field in plain.values and said.endswith(plain.end):
            return plain.values[field]
        return json.loads(said)[0][_places()[field]]

    def said(self, name: str) -> bytes:
        """Return what is said of an image."""
        return self.lines[self._numbers[name]].partition(b"\t")[0]

    def filed(self) -> Mapping[str, str]:
        """Return the image that each name means."""
        return self._filed


def lines_of(definitions: Definitions) -> Sequence[bytes]:
    """Return the lines of definitions, in the order of their names."""
    if isinstance(definitions, Thawed):
        return definitions.lines
    return [written(definitions.of(name)) for name in definitions.names]


def freeze_definitions(definitions: Definitions, beside: Any) -> bytes:
    """Return definitions as bytes, with a JSON value that is kept beside them."""
    filed = table(definitions.filed())
    head = json.dumps([len(filed), definitions.names, beside], separators=(",", ":")).encode()
    return b"\n".join((head, filed, *lines_of(definitions)))


def thaw_definitions(raw: bytes) -> tuple[Thawed, Any]:
    """Return the same again."""
    end = raw.index(b"\n") + 1
    length, names, beside = json.loads(raw[:end])
    filed = Table(memoryview(raw)[end : end + length])
    return Thawed(names, memoryview(raw)[end + length + 1 :], filed), beside


def written(definition: ImageDef) -> bytes:
    """Return a definition as one line."""
    from mbuild.store.codec import encode

    said, at = encode(definition), _places()
    # Edges say where depends_on stands, so that is part of what is said.
    needed = encode(definition.place("depends_on")) if definition.depends_on else None
    contexts = said[at["contexts"]]
    placed = [said[at["where"]], said[at["places"]], [each[-1] for each in contexts]]
    said[at["contexts"]] = [each[:-1] for each in contexts]
    said[at["where"]] = said[at["places"]] = None
    return f"{json_of([said, needed])}\t{json_of(placed)}".encode()


def _read(line: bytes) -> ImageDef:
    from mbuild.images import ImageDef
    from mbuild.store.codec import decode

    before, _, after = line.partition(b"\t")
    (said, _), (where, places, contexts), at = json.loads(before), json.loads(after), _places()
    said[at["where"]], said[at["places"]] = where, places
    said[at["contexts"]] = [[*each, found] for each, found in zip(said[at["contexts"]], contexts, strict=True)]
    return decode(ImageDef, said)


@dataclass(frozen=True, slots=True)
class _Plain:
    """Images of which the last fields of their definitions have the values that they have where nothing is said.

    Plans ask every image for some of these, and most images are so.
    """

    values: Mapping[str, Any]
    end: bytes


@cache
def _plain() -> _Plain:
    """Return these values, and how what is said of such an image ends: no value in it ends in the middle of another."""
    from mbuild.images import ImageDef
    from mbuild.store.codec import encode

    said = encode(ImageDef(name="", full_name="", dockerfile="", context_root=""))
    last = {name: said[at] for name, at in _places().items() if at >= _places()["tags"]}
    end = rows([[list((last | {"where": None, "places": None}).values()), None]]).removeprefix(b"[[")
    return _Plain({name: json.loads(json.dumps(value)) for name, value in last.items()}, b"," + end.rstrip())


@cache
def _places() -> Mapping[str, int]:
    from mbuild.images import ImageDef

    return {name: at for at, name in enumerate(field_names(ImageDef))}
