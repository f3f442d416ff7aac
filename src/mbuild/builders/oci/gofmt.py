"""Values in the spelling of Go's ``fmt`` and ``time``, for the history lines that BuildKit writes with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def words(texts: Sequence[str]) -> str:
    """Format strings as ``%v`` does: ``[a b]``."""
    return f"[{' '.join(texts)}]"


def quoted_words(texts: Sequence[str]) -> str:
    """Format strings as ``%q`` does: ``["a" "b"]``."""
    return f"[{' '.join(map(quoted, texts))}]"


def quoted(text: str) -> str:
    """Format a string as ``%q`` does: a Go string literal."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character in ESCAPES:
        return ESCAPES[character]
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if character.isprintable():
        return character
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def nanoseconds(text: str) -> int:
    """Read a duration such as ``1m30s``, already checked, as nanoseconds (Go ``time.ParseDuration``)."""
    total = 0
    for whole, fraction, unit in re.findall(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)", text):
        scale = UNITS[unit]
        total += int(whole or 0) * scale + int(fraction or 0) * scale // 10 ** len(fraction)
    return total


def duration(total: int) -> str:
    """Format nanoseconds as Go's ``time.Duration`` does: ``1m30s``, ``1.5ms``, ``0s``."""
    if total == 0:
        return "0s"
    if total < UNITS["s"]:
        unit = "ms" if total >= UNITS["ms"] else "µs" if total >= UNITS["us"] else "ns"
        return _decimal(total, UNITS[unit]) + unit
    minutes, rest = divmod(total, UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}h" if hours else ""
    shown += f"{minutes}m" if hours or minutes else ""
    return shown + _decimal(rest, UNITS["s"]) + "s"


def _decimal(total: int, scale: int) -> str:
    whole, rest = divmod(total, scale)
    if not rest:
        return str(whole)
    digits = len(str(scale)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
