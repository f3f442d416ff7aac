"""What keeps paths out of a context root: ignore files, ``exclude`` and ``include``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mbuild.graph.paths import inside
from mbuild.values import NamedTuple

if TYPE_CHECKING:
    from mbuild.dockerfile.ignore import IgnoreMatcher


class Rules(NamedTuple):
    """What keeps paths out of a context root: the lines of an ignore file and ``exclude``, then ``include``."""

    root: str
    lines: tuple[tuple[str, int], ...]
    include: tuple[str, ...]


class Keeper:
    """Tells which paths of a context root are neither ignored nor left out. Paths are from the git root."""

    def __init__(self, rules: Rules, matcher: Callable[[tuple[str, ...]], IgnoreMatcher]) -> None:
        """Take rules that have been found sound before, and what gives the matcher of some lines."""
        self._rules = rules
        self._matcher = matcher
        self._by_top: dict[str, tuple[IgnoreMatcher, IgnoreMatcher]] = {}
        self._known: dict[str, bool] = {}

    def keeps(self, path: str) -> bool:
        """Tell whether a path is part of the context."""
        if path not in self._known:
            relative = inside(self._rules.root, path)
            ignore, include = self._matchers(relative.partition("/")[0])
            kept = not ignore.ignored(relative)
            self._known[path] = kept and not (self._rules.include and not include.ignored(relative))
        return self._known[path]

    def shuts(self, folder: str) -> bool:
        """Tell whether the ignore file keeps out all that may lie below a folder, which lies in the context root."""
        relative = inside(self._rules.root, folder)
        return bool(relative) and self._matchers(relative.partition("/")[0])[0].shuts(relative)

    def _matchers(self, top: str) -> tuple[IgnoreMatcher, IgnoreMatcher]:
        """Return what ignores in one folder of the root by the lines, and by ``include``.

        The ignore files of a repository often differ only in the folders that they name: each of the image itself.
        """
        if top not in self._by_top:
            from mbuild.dockerfile.ignore import concerns

            lines = tuple([each for each, _ in self._rules.lines if concerns(each, top)])
            include = tuple([each for each in self._rules.include if concerns(each, top)])
            self._by_top[top] = self._matcher(lines), self._matcher(include)
        return self._by_top[top]

    @property
    def narrowed(self) -> bool:
        """Whether ``include`` narrows the context: then no empty folders are part of it."""
        return bool(self._rules.include)
