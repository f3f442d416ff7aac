"""Reads YAML as people write it for compose and skaffold: anchors, aliases, merge keys, tags, several documents.

Aliases share the node they mean instead of copying it, so a document costs what it has in events and nothing that it
could be expanded to; merge keys copy one level, and what they copy is counted. Values are read where they are needed,
a few levels deep: there is no walk that a "YAML bomb" could blow up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.config.findings import Findings
from mbuild.config.guard import decoded, events
from mbuild.errors import ConfigError, Where
from mbuild.references import quoted
from mbuild.values import dataclass, field, replace

if TYPE_CHECKING:
    from yaml.events import Event

MAX_EVENTS = 250_000
MAX_DEPTH = 64
MAX_MERGED = 100_000

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_STANDARD_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Node:
    """A value at a line: text, a list or a mapping. plain: text without quotes. tag: as in ``!reset``, or ""."""

    line: int
    value: str | tuple[Node, ...] | dict[str, Node]
    plain: bool = False
    tag: str = ""

    @property
    def is_null(self) -> bool:
        """Whether it stands for no value."""
        return self.plain and self.value in _NULLS

    @property
    def text(self) -> str | None:
        """The text, None where it is none."""
        return self.value if isinstance(self.value, str) and not self.is_null else None

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list, () where it is none."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def fields(self) -> dict[str, Node]:
        """The entries of a mapping, none where it is none; an entry's line is that of its key."""
        return self.value if isinstance(self.value, dict) else {}

    def get(self, *keys: str) -> Node:
        """Return the value below keys, or a null."""
        found = self
        for key in keys:
            found = found.fields.get(key) or Node(found.line, "", True)
        return found


def read(raw: bytes, shown: str) -> tuple[Node, ...]:
    """Return the documents of a file. Raises ConfigError with one problem: what stops it from being read."""
    findings = Findings(shown)
    text = decoded(raw, findings)
    return tuple(_Reader(events(text, findings), shown).documents())


@dataclass(slots=True)
class _Reader:
    source: Iterator[Event]
    shown: str
    anchors: dict[str, Node] = field(default_factory=dict)
    seen: int = 0
    merged: int = 0

    def documents(self) -> Iterator[Node]:
        import yaml

        for event in self.source:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                yield self.node(self.next(), 1)

    def next(self) -> Event:
        self.seen += 1
        event = next(self.source)
        if self.seen > MAX_EVENTS:
            raise self.error(f"more than {MAX_EVENTS:,} values", event)
        return event

    def error(self, message: str, event: Event) -> ConfigError:
        mark = event.start_mark
        return ConfigError(message, where=Where(self.shown, mark.line + 1 if mark else 0))

    def node(self, event: Event, depth: int) -> Node:
        import yaml

        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self.error(f"the alias {quoted(f'*{event.anchor}')} has no anchor before it", event)
            return self.anchors[event.anchor]
        if depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} deep", event)
        node = self._new(event, depth)
        if anchor := getattr(event, "anchor", None):
            self.anchors[anchor] = node
        return node

    def _new(self, event: Event, depth: int) -> Node:
        import yaml

        mark, tag = event.start_mark, getattr(event, "tag", None) or ""
        line = mark.line + 1 if mark else 0
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and tag != f"{_STANDARD_TAG}str"
            return Node(line, event.value, plain, tag)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(line, tuple(self._items(depth)), tag=tag)
        return Node(line, self._fields(depth), tag=tag)

    def _items(self, depth: int) -> Iterator[Node]:
        import yaml

        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            yield self.node(event, depth + 1)

    def _fields(self, depth: int) -> dict[str, Node]:
        import yaml

        found: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            value = self.node(self.next(), depth + 1)
            if not isinstance(key.value, str):
                raise self.error("a key must be text", event)
            if key.value == "<<" and key.plain:
                self._merge(merged, value, event)
            elif key.value in found:
                raise self.error(f"the key {quoted(key.value)} is there twice", event)
            else:
                found[key.value] = replace(value, line=key.line)
        return merged | found

    def _merge(self, into: dict[str, Node], value: Node, event: Event) -> None:
        """Take over one level of mappings; of several, the first that has a key wins."""
        for each in value.items or (value,):
            if not isinstance(each.value, dict):
                raise self.error("a merge key needs a mapping", event)
            self.merged += len(each.value)
            if self.merged > MAX_MERGED:
                raise self.error(f"merge keys copy more than {MAX_MERGED:,} values", event)
            for key, node in each.value.items():
                into.setdefault(key, node)
