"""Values as YAML that every reader takes for the same: all text is quoted, so that no name becomes a number or a date.

YAML 1.1 and 1.2 differ in what plain words mean (``1e3``, ``on``, ``0o7``), and so do the readers of CI providers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_WORDS = {"null", "true", "false", "yes", "no", "on", "off"}


def as_yaml(value: dict[str, Any]) -> str:
    """Return a value of dicts, lists, text, numbers and booleans as block YAML."""
    return "".join(f"{line}\n" for line in (_lines(value) if value else ("{}",)))


def _lines(value: dict[str, Any] | list[Any]) -> Iterator[str]:
    """Yield the lines of what is not empty."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(f"{_key(key)}:", item)
        return
    for item in value:
        if _is_block(item):
            yield from (f"  {line}" if at else f"- {line}" for at, line in enumerate(_lines(item)))
        else:
            yield f"- {_scalar(item)}"


def _entry(head: str, item: Any) -> Iterator[str]:
    if _is_block(item):
        yield head
        yield from (f"  {line}" for line in _lines(item))
    else:
        yield f"{head} {_scalar(item)}"


def _is_block(item: Any) -> bool:
    return isinstance(item, dict | list) and bool(item)


def _key(text: str) -> str:
    return text if re.fullmatch(r"[a-z]{2,}(?:_[a-z]+)*", text) and text not in _WORDS else _quoted(text)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    """Return text in double quotes (YAML 1.2, 5.7: escaped characters)."""
    return '"' + "".join(_escaped(each) for each in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isascii() and char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
