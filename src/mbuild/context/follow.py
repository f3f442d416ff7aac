"""From a source of COPY to the paths BuildKit asks for: links inside the context are followed.

Rules: tonistiigi/fsutil `followlinks.go`. Where a path goes through a link, the link and what it leads to are both
needed; a link to the outside ends at the context root. What comes before the part that is looked at is taken
literally, so that behind a wildcard no links are found. In one point more is followed here than by fsutil, which
forgets a second path through the same link.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from itertools import takewhile

from mbuild.context.lookup import Lookup
from mbuild.dockerfile.gomatch import PatternError, match
from mbuild.tree import Entry
from mbuild.values import NamedTuple, dataclass

LinkTarget = Callable[[Entry], str]

# What is escaped is no wildcard, and yet keeps its backslash where fsutil looks for a link.
_WILDCARD = re.compile(r"(?:[^\\*?[]|\\.)*+[*?[]", re.DOTALL)
# Linux gives up after 40 links in one path. Whoever builds more ways than MOST_WAYS gets the whole context.
_MOST_LINKS = 40
_MOST_WAYS = 10_000


class Part(NamedTuple):
    """One component of a path: a name, or a pattern for names."""

    text: str
    wild: bool = False


Parts = tuple[Part, ...]


def parts_of(source: str) -> Parts:
    """Return the components of a source as written: relative to the context root, whatever it begins with."""
    clean = posixpath.normpath("/" + source.lstrip("/")).strip("/")
    return tuple(Part(text, _WILDCARD.match(text) is not None) for text in clean.split("/") if text)


def text_of(parts: Parts) -> str:
    """Return the components as one path."""
    return "/".join(part.text for part in parts)


def is_literal(parts: Parts) -> bool:
    """Tell whether no component is a pattern."""
    return not any(part.wild for part in parts)


def literal_start(parts: Parts) -> Parts:
    """Return the components before the first pattern."""
    return tuple(takewhile(lambda part: not part.wild, parts))


@dataclass(frozen=True, slots=True)
class Followed:
    """What a source stands for.

    needed: components of what must be sent: files, or folders with all that is in them. () is the context root.
    ends:   those of them where the way ends; the others are links passed on the way.
    direct: no link was passed.
    """

    needed: tuple[Parts, ...]
    ends: tuple[Parts, ...]

    @property
    def direct(self) -> bool:
        """Whether no link was passed on the way."""
        return self.needed == self.ends


def follow(source: Parts, lookup: Lookup, link_target: LinkTarget) -> Followed:
    """Follow the links of one source."""
    if not lookup.may_have_links:
        return Followed((source,), (source,))
    needed: dict[Parts, None] = {}
    ends: dict[Parts, None] = {}
    seen = set()
    waiting = [(source, 0)]
    while waiting:
        path, links = waiting.pop()
        if path in seen or links > _MOST_LINKS:
            continue
        seen.add(path)
        if len(seen) > _MOST_WAYS:
            return Followed(((),), ((),))
        passed, targets = _first_links(path, lookup, link_target)
        needed[path[:passed]] = None
        if targets:
            waiting += ((target + path[passed:], links + 1) for target in reversed(targets))
        else:
            ends[path] = None
    return Followed(tuple(needed), tuple(ends))


def _first_links(path: Parts, lookup: Lookup, link_target: LinkTarget) -> tuple[int, list[Parts]]:
    """Return how many components lead to the first link (or links, behind a wildcard), and where those lead."""
    start = literal_start(path)
    # What is above something that is there are folders, and no links.
    known = len(start) - 1 if start and lookup.is_there(text_of(start)) else 0
    for length, part in enumerate(path[known:], known + 1):
        links = _links(text_of(path[: length - 1]), part, lookup)
        if links:
            return length, [_target(entry, link_target(entry)) for entry in links]
    return len(path), []


def _links(folder: str, part: Part, lookup: Lookup) -> list[Entry]:
    if not part.wild:
        entry = lookup.entry(f"{folder}/{part.text}" if folder else part.text)
        return [entry] if entry and entry.is_link else []
    children = lookup.children(folder)
    return [entry for name, entry in children if entry and entry.is_link and _matches(part.text, name)]


def _matches(pattern: str, name: str) -> bool:
    try:
        return match(pattern, name)
    except PatternError:
        return False


def _target(link: Entry, target: str) -> Parts:
    """Return where a link leads: `..` at the context root stays there, and an absolute target begins there.

    fsutil goes on from there as from a source, so that a wildcard in the target is one.
    """
    return parts_of(posixpath.join("/", posixpath.dirname(link.path), target))
