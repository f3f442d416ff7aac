"""Reads YAML event by event, and refuses what makes YAML dangerous or ambiguous before anything is built from it.

PyYAML alone would pass duplicate keys, spend half a minute on 500 bytes of merge keys, and crash (its C loader, which
recurses while it composes) on 200 KB of ``[``. The C parser by itself does not recurse, reads ahead by one line at most
and gives 34,000 events in 30 ms (the Python parser: 500 ms), so its events are taken one at a time and counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbuild.config.findings import Findings
from mbuild.config.nodes import Fields, Items, Node, Scalar
from mbuild.errors import ConfigError
from mbuild.references import quoted

if TYPE_CHECKING:
    from yaml.events import CollectionStartEvent, Event, ScalarEvent

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
MAX_NODES = 250_000

_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

# What YAML's production c-printable lacks: to say what it has takes a compiler of expressions ten times as long.
_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_PAIR = re.compile(r"((?<!\\)(?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_SYNTAX_HINTS = {
    "mapping values are not allowed": "a value that holds ': ' needs quotes",
    "cannot start any token": "a value that starts with '@', '`' or '%' needs quotes",
    "could not find expected ':'": "every line of a mapping is 'key: value'",
}


def read(raw: bytes, shown: str) -> Node:
    """Return the one document of a YAML (or JSON) file as nodes with places.

    Raises ConfigError with everything that is refused: see ``docs/reference.md``.
    """
    findings = Findings(shown)
    text = decoded(raw, findings)
    node = _Reader(events(text, findings), findings).document()
    findings.raise_all()
    return node


def _refuse(findings: Findings, message: str, line: int, col: int, *hints: str) -> ConfigError:
    """Return the error for something after which nothing more can be read."""
    findings.add(message, findings.where(line, col), *hints)
    return findings.error()


def decoded(raw: bytes, findings: Findings) -> str:
    """Return the text of a YAML file. Raises ConfigError: too large, not UTF-8, or characters that YAML refuses."""
    if len(raw) > MAX_BYTES:
        raise _refuse(findings, f"larger than {MAX_BYTES >> 20} MiB", 0, 0)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        raise _refuse(findings, "not UTF-8", *_place(before), "save the file as UTF-8") from None
    if bad := _UNPRINTABLE.search(text):
        message = f"a character that YAML does not allow: U+{ord(bad[0]):04X}"
        raise _refuse(findings, message, *_place(text[: bad.start()]))
    return _joined_pairs(text)


def _joined_pairs(text: str) -> str:
    """Write JSON's two escapes for one character beyond U+FFFF as YAML's one; YAML refuses halves of a pair.

    Only where the text is JSON: in YAML's other quotes a backslash is a backslash.
    """
    if "\\" not in text or not (_PAIR.search(text) and _is_json(text)):
        return text

    def join(pair: re.Match[str]) -> str:
        return f"{pair[1]}\\U{0x10000 + ((int(pair[2], 16) & 0x3FF) << 10) + (int(pair[3], 16) & 0x3FF):08X}"

    return _PAIR.sub(join, text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _place(before: str) -> tuple[int, int]:
    """Return the line and column that follow a text."""
    lines = re.split("\r\n|[\r\n]", before)
    return len(lines), len(lines[-1]) + 1


def events(text: str, findings: Findings) -> Iterator[Event]:
    """Yield the parser's events. Raises ConfigError where the text is not YAML."""
    import yaml

    try:
        parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        try:
            event = None
            while not isinstance(event, yaml.StreamEndEvent):
                event = parser.get_event()
                yield event
        finally:
            parser.dispose()
    except yaml.YAMLError as error:
        raise _syntax(error, text, findings) from None


def _syntax(error: Exception, text: str, findings: Findings) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    line, col = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    said = str(getattr(error, "problem", None) or error)
    if "nesting depth" in said:  # libyaml from 0.2.6 on has a limit of its own, and meets it while it reads ahead
        return _refuse(findings, _TOO_DEEP, line, col)
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
    if "".join(lines[line - 1 : line])[col - 1 : col] == "\t":
        return _refuse(findings, "a tab cannot indent YAML", line, col, "use spaces")
    hints = [hint for part, hint in _SYNTAX_HINTS.items() if part in said]
    return _refuse(findings, f"not valid YAML: {said}", line, col, *hints)


class _Reader:
    """Builds nodes from events; what is refused is noted and reading goes on where that makes sense."""

    def __init__(self, events: Iterator[Event], findings: Findings) -> None:
        import yaml

        self._events = events
        self._findings = findings
        self._count = 0
        self._kinds = yaml.events

    def document(self) -> Node:
        """Return the node of the only document."""
        yaml = self._kinds
        node: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    raise _refuse(self._findings, "a second document starts here", *_at(event), "keep one document")
                node = self._node(next(self._events), 1)
        if node is None:
            raise _refuse(self._findings, "the file is empty", 1, 1, "write at least 'version: 1'")
        return node

    def _node(self, event: Event, depth: int) -> Node:
        yaml = self._kinds
        self._count += 1
        if self._count > MAX_NODES:
            raise _refuse(self._findings, f"more than {MAX_NODES:,} values", *_at(event))
        if isinstance(event, yaml.ScalarEvent):  # nearly all are
            return self._scalar(event)
        if isinstance(event, yaml.AliasEvent):
            self._note(f"aliases are not allowed: {quoted(f'*{event.anchor}')}", event, "write the value out")
            return Scalar(*_at(event), f"*{event.anchor}", True)
        assert isinstance(event, yaml.CollectionStartEvent)
        self._check_properties(event)
        if depth > MAX_DEPTH:
            raise _refuse(self._findings, _TOO_DEEP, *_at(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(*_at(event), tuple(self._items(depth)))
        return self._fields(event, depth)

    def _check_properties(self, event: ScalarEvent | CollectionStartEvent) -> None:
        if event.anchor:
            message = f"anchors are not allowed: {quoted('&' + event.anchor)}"
            self._note(message, event, "write the value out where it is used")
        if event.tag:
            self._note(f"tags are not allowed: {quoted(event.tag)}", event, "remove it; use quotes for text")

    def _scalar(self, event: ScalarEvent) -> Scalar:
        if event.anchor or event.tag:
            self._check_properties(event)
        text: str = event.value
        if not text.isprintable() and (bad := _UNUSABLE.search(text)):
            self._note(f"a character that nothing can hold: U+{ord(bad[0]):04X}", event)
        return Scalar(*_at(event), text, not event.implicit[0])

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), self._kinds.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _fields(self, start: Event, depth: int) -> Fields:
        fields: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), self._kinds.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if (usable := self._usable(key, event, fields)) is not None:
                fields[usable.text] = (usable, value)
        return Fields(*_at(start), fields)

    def _usable(self, key: Node, event: Event, fields: dict[str, tuple[Scalar, Node]]) -> Scalar | None:
        """Return the key when it is one, and new; otherwise say why not."""
        if not isinstance(key, Scalar):
            self._note("a key must be text", event)
        elif key.is_null:
            self._note("a key is missing", event)
        elif key.text == "<<" and not key.quoted:
            self._note("merge keys are not allowed: '<<'", event, "write the keys out, or use 'defaults'")
        elif key.text in fields:
            first = fields[key.text][0]
            self._note(f"the key {quoted(key.text)} is there twice; first in line {first.line}", event)
        else:
            return key
        return None

    def _note(self, message: str, event: Event, *hints: str) -> None:
        self._findings.add(message, self._findings.where(*_at(event)), *hints)


def _at(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None, "events that are parsed have marks"
    return mark.line + 1, mark.column + 1
