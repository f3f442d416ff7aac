"""Patterns of ``discover``: ``*``, ``?`` and ``[…]`` within one part of a path, ``**`` for any number of parts. Pure.

Matching takes time in proportion to pattern × path whatever the pattern: parts are matched by ``fnmatch`` (whose
expressions do not backtrack), and what stands between two ``**`` by a set of positions instead of a search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import cache
from itertools import takewhile

from mbuild.expressions import expression
from mbuild.values import NamedTuple

_WILD = expression(r"[*?\[]")

_Parts = tuple["re.Pattern[str] | None", ...]
"""Parts of a pattern, None for ``**``."""


class _Compiled(NamedTuple):
    """A pattern: its parts before the first ``**``, those from there to the last one, and those behind it."""

    head: tuple[re.Pattern[str], ...]
    middle: _Parts
    tail: tuple[re.Pattern[str], ...]


def matching(pattern: str, paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that a pattern matches; both are relative to the git root and use ``/``."""
    start, end = _fixed(pattern)
    tail = _compiled(pattern).tail
    last = tail[-1] if tail else None
    for path in paths:
        if (
            path.startswith(start)
            and path.endswith(end)
            and (end or last is None or last.match(path.rpartition("/")[2]))
            and matches(pattern, path)
        ):
            yield path


def matches(pattern: str, path: str) -> bool:
    """Return whether a pattern matches a whole path."""
    head, middle, tail = _compiled(pattern)
    names = path.split("/")
    inner = len(names) - len(head) - len(tail)
    if inner < 0 or (inner and not middle):
        return False
    end = len(head) + inner
    fixed = ((tail, names[end:]), (head, names[: len(head)]))  # most paths have another name than is looked for
    if not all(part.match(name) for parts, some in fixed for part, name in zip(parts, some, strict=True)):
        return False
    return len(middle) < 2 or _leads_through(middle, names[len(head) : end])


def _leads_through(parts: _Parts, names: Iterable[str]) -> bool:
    """Return whether parts that begin and end with ``**`` match all these names."""
    reached = _skip(parts, {0})
    for name in names:
        ahead = {at + 1 for at in reached if at < len(parts) and (part := parts[at]) and part.match(name)}
        stay = {at for at in reached if at < len(parts) and parts[at] is None}
        reached = _skip(parts, ahead | stay)
    return len(parts) in reached


def _skip(parts: _Parts, reached: set[int]) -> set[int]:
    """Add the positions behind every ``**`` that is reached: it may match no part at all."""
    found = set(reached)
    for at in sorted(reached):
        while at < len(parts) and parts[at] is None:
            at += 1  # noqa: PLW2901 - walks on from where it stands
            found.add(at)
    return found


class Below(NamedTuple):
    """Where paths are looked for: in a folder ("" for the git root), so many levels down, all the way for None."""

    folder: str
    levels: int | None = None


def below(pattern: str) -> Below:
    """Return where all that a pattern matches lies: without ``**`` there is a level for every part of it."""
    wild = _WILD.search(pattern)
    folder = (pattern[: wild.start()] if wild else pattern).rpartition("/")[0]
    parts = pattern.removeprefix(f"{folder}/").split("/") if folder else pattern.split("/")
    return Below(folder, None if "**" in parts else len(parts))


# All patterns are gone through for every path: in a cache that is too small for them none would ever be found.
@cache
def _compiled(pattern: str) -> _Compiled:
    written = pattern.split("/")
    head = list(takewhile(lambda part: part != "**", written))
    tail = list(takewhile(lambda part: part != "**", reversed(written[len(head) :])))[::-1]
    middle = written[len(head) : len(written) - len(tail)]
    return _Compiled(
        tuple(map(_part, head)),
        tuple(None if part == "**" else _part(part) for part in middle),
        tuple(map(_part, tail)),
    )


@cache
def _part(text: str) -> re.Pattern[str]:
    return re.compile(translate(text))


@cache
def _fixed(pattern: str) -> tuple[str, str]:
    """Return what every match starts and ends with, to pass over most paths of a big tree quickly."""
    wild = _WILD.search(pattern)
    if wild is None:
        return pattern, pattern
    last = pattern.rpartition("/")[2]
    return pattern[: wild.start()].rpartition("/")[0], "" if _WILD.search(last) else last
