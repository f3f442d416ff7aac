"""What the checks of a Dockerfile raise, and how it is gathered into one DockerfileError with all the places."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mbuild.errors import DockerfileError, Problem, Where

MAX_PROBLEMS = 100
"""Most problems that are told of one file."""


class Refused(ValueError):  # noqa: N818 - reads as what BuildKit does
    """BuildKit would refuse this: a single line, and hints."""

    def __init__(self, message: str, *hints: str) -> None:
        """Keep the message (``args[0]``) and the hints."""
        super().__init__(message)
        self.hints = hints


def near(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return a hint naming the closest known word, whatever its case, or nothing when none is close."""
    return _near(word, tuple(sorted(known)))


@lru_cache  # what is wrong in a base of many Dockerfiles, or in one that was copied, is wrong in all of them
def _near(word: str, known: tuple[str, ...]) -> tuple[str, ...]:
    from difflib import get_close_matches

    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return (f"did you mean '{by_lower[found[0]]}'?",) if found else ()


class _At:
    """One place; a class of its own because `contextlib` takes several times as long, for every instruction."""

    __slots__ = ("_problems", "_where")

    def __init__(self, problems: Problems, where: Where) -> None:
        self._problems = problems
        self._where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Refused):
            return False
        self._problems.note(error, self._where)
        return True


class Problems:
    """Gathers the problems of one file, so that all are reported together."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Problem] = []

    def add(self, message: str, where: Where, *hints: str) -> None:
        """Note one problem, once."""
        problem = Problem(message, where, hints)
        if problem not in self._found:
            self._found.append(problem)

    def note(self, refused: Refused, where: Where) -> None:
        """Note what was refused at a place: ``at`` for loops that are long, where every `with` counts."""
        self.add(str(refused), where, *refused.hints)

    def too_many(self, where: Where) -> bool:
        """Tell whether reading should stop at a place, and note that: a file with so many problems is no Dockerfile."""
        if len(self._found) < MAX_PROBLEMS:
            return False
        self.add("too many problems: the rest of the file is not read", where)
        return True

    @property
    def found(self) -> tuple[Problem, ...]:
        """What was noted."""
        return tuple(self._found)

    def at(self, where: Where) -> _At:
        """Note what is refused inside a `with` block, and go on after it."""
        return _At(self, where)

    def check(self) -> None:
        """Raise DockerfileError when there are problems."""
        if self._found:
            raise DockerfileError(sorted(self._found, key=lambda each: each.where or Where("")))
