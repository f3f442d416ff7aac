"""Patterns of ``discover``: ``*``, ``?`` and ``[…]`` within one part of a path, ``**`` for any number of parts. Pure.

Matching takes time in proportion to pattern × path whatever the pattern: parts are matched by ``fnmatch`` (whose
expressions do not backtrack) and ``**`` by a set of positions instead of a search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import lru_cache

from mbuild.expressions import expression
from mbuild.values import NamedTuple

_WILD = expression(r"[*?\[]")


def matching(pattern: str, paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that a pattern matches; both are relative to the git root and use ``/``."""
    start, end = _fixed(pattern)
    last = _compiled(pattern)[-1]
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
    parts = _compiled(pattern)
    reached = _skip(parts, {0})
    for name in path.split("/"):
        ahead = {at + 1 for at in reached if at < len(parts) and (part := parts[at]) and part.match(name)}
        stay = {at for at in reached if at < len(parts) and parts[at] is None}
        reached = _skip(parts, ahead | stay)
    return len(parts) in reached


def _skip(parts: tuple[re.Pattern[str] | None, ...], reached: set[int]) -> set[int]:
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


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    return tuple(None if part == "**" else re.compile(translate(part)) for part in pattern.split("/"))


@lru_cache(maxsize=256)
def _fixed(pattern: str) -> tuple[str, str]:
    """Return what every match starts and ends with, to pass over most paths of a big tree quickly."""
    wild = _WILD.search(pattern)
    if wild is None:
        return pattern, pattern
    last = pattern.rpartition("/")[2]
    return pattern[: wild.start()].rpartition("/")[0], "" if _WILD.search(last) else last
