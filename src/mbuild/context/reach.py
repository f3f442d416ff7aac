"""Which paths a source covers, told from the path alone: no listing is needed where no link is on the way. Pure.

Says of one path what ``cover.regions`` says of a listing.
"""

from __future__ import annotations

from functools import lru_cache

from mbuild.context.cover import Below, escaped
from mbuild.context.follow import Parts, literal_start, text_of
from mbuild.dockerfile.ignorepattern import Union, compile_pattern


class Wild:
    """A source with wildcards.

    folder: what comes before the first wildcard; "" is the context root.
    deep:   a ``**`` is in it, which may stand for any number of folders.
    """

    def __init__(self, parts: Parts) -> None:
        """Take the components of a source, at least one of them wild. Raises PatternError."""
        self.folder = text_of(literal_start(parts))
        self.deep = any(part.wild and "**" in part.text for part in parts)
        self._parts = parts
        self._below = Below("/".join(escaped(part) for part in parts)) if self.deep else None

    def root(self, path: str) -> str | None:
        """Return the entry or folder by which a path below ``folder`` is covered, None where it is not covered.

        A deep pattern covers single paths, and its root is always ``folder``.
        """
        if self._below is not None:
            return self.folder if self._below.has(path) else None
        names = path.split("/")
        if len(names) < len(self._parts):
            return None
        for part, name in zip(self._parts, names, strict=False):
            if not (_union(part.text).matches(name) if part.wild else part.text == name):
                return None
        return "/".join(names[: len(self._parts)])


@lru_cache(maxsize=4096)
def _union(pattern: str) -> Union:
    return Union((compile_pattern(pattern),))
