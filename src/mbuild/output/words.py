"""Numbers and names as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MANY = 4
"""More images than that, in one place and of the same kind, are put together: what differs has to be seen."""

WIDTH = 100


def size(count: int) -> str:
    """Return bytes in powers of 1000, as Docker prints them: ``34.1 kB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95 or unit == "TB":
            break
    return f"{value:.1f} {unit}"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``2 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return seconds as ``0.4 s`` or ``3 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def wrapped(names: Sequence[str], indent: str, width: int) -> Iterator[str]:
    """Yield names as lines of at most ``width`` characters, where no name is longer."""
    line = indent + names[0]
    for name in names[1:]:
        if len(line) + len(name) + 3 > width:
            yield f"{line},"
            line = indent + name
        else:
            line += f", {name}"
    yield line
