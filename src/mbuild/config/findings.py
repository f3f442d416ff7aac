"""Gathers all that is wrong with one build.yaml, so that it is reported at once."""

from __future__ import annotations

from collections.abc import Iterable

from mbuild.errors import ConfigError, Problem, Where

LIMIT = 50


class Findings:
    """The problems of one file, in the order of their places when they are raised."""

    def __init__(self, shown: str) -> None:
        """Gather for the file that users know as ``shown``."""
        self.shown = shown
        self._problems: dict[Problem, None] = {}
        self._warnings: list[Problem] = []

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is valid, and most likely not meant as it is written."""
        return tuple(self._warnings)

    @property
    def has_problems(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._problems)

    def warn(self, message: str, where: Where, *hints: str) -> None:
        """Note what is valid, and most likely not meant."""
        self._warnings.append(Problem(message, where, hints))

    def where(self, line: int, col: int = 0) -> Where:
        """Return a place in the file; lines and columns count from 1."""
        return Where(self.shown, line, col)

    def add(self, message: str, where: Where, *hints: str) -> None:
        """Note a problem. Raises ConfigError with those found so far when it is one too many to be read."""
        self._problems[Problem(message, where, hints)] = None
        if len(self._problems) > LIMIT:
            raise ConfigError([*self._sorted()[:LIMIT], Problem(f"there is more; these are the first {LIMIT}", where)])

    def error(self) -> ConfigError:
        """Return the error that holds all problems found."""
        return ConfigError(self._sorted())

    def raise_all(self) -> None:
        """Raise ConfigError when there is any problem."""
        if self._problems:
            raise self.error()

    def _sorted(self) -> list[Problem]:
        return sorted(self._problems, key=lambda each: each.where or Where(self.shown))


def near(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return a hint that names the known word nearest to a wrong one; () when none is near."""
    found = nearest(word, known)
    return (f"did you mean '{found}'?",) if found else ()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is nearest to a wrong one, if any is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), known, n=1)), None)
