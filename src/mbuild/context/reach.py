"""Which paths a source covers, told from the path alone: no listing is needed where no link is on the way. Pure.

Says of one path what ``cover.regions`` says of a listing.
"""

from __future__ import annotations

from functools import cache

from mbuild.context.cover import Below, Sought
from mbuild.context.follow import text_of
from mbuild.dockerfile.ignorepattern import Union, compile_pattern


class Wild:
    """A source with wildcards, ready to be held against paths."""

    def __init__(self, source: Sought) -> None:
        """Take a pattern. Raises PatternError."""
        self.deep = source.deep
        self._folder = source.folder
        self._parts = source.parts
        self._below = Below(text_of(source.parts)) if source.deep else None

    def root(self, path: str) -> str | None:
        """Return the entry or folder by which a path below the source's folder is covered, None where it is not.

        A deep pattern covers single paths, and its root is always that folder.
        """
        if self._below is not None:
            return self._folder if self._below.has(path) else None
        names = path.split("/")
        if len(names) < len(self._parts):
            return None
        for part, name in zip(self._parts, names, strict=False):
            if not (_union(part.text).matches(name) if part.wild else part.text == name):
                return None
        return "/".join(names[: len(self._parts)])

    def leads_into(self, folder: str) -> bool:
        """Tell whether something in a folder may be covered that is not itself."""
        if self._below is not None:
            return True
        names = folder.split("/")
        fits = (
            _union(part.text).matches(name) if part.wild else part.text == name
            for part, name in zip(self._parts, names, strict=False)
        )
        return len(names) < len(self._parts) and all(fits)


@cache  # each is asked about every changed path: a cache that is too small for all would never know one
def _union(pattern: str) -> Union:
    return Union((compile_pattern(pattern),))
