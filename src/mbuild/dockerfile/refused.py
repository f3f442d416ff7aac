"""What the checks of a Dockerfile raise, and how it is gathered into one DockerfileError with all the places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mbuild.errors import DockerfileError, Problem, Where


class Refused(ValueError):  # noqa: N818 - reads as what BuildKit does
    """BuildKit would refuse this: a single line, and hints."""

    def __init__(self, message: str, *hints: str) -> None:
        """Keep the message (``args[0]``) and the hints."""
        super().__init__(message)
        self.hints = hints


def near(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return a hint naming the closest known word, whatever its case, or nothing when none is close."""
    from difflib import get_close_matches

    by_lower = {each.lower(): each for each in sorted(known)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return (f"did you mean '{by_lower[found[0]]}'?",) if found else ()


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

    @contextmanager
    def at(self, where: Where) -> Iterator[None]:
        """Note what is refused inside the block, and go on after it."""
        try:
            yield
        except Refused as refused:
            self.add(str(refused), where, *refused.hints)

    def check(self) -> None:
        """Raise DockerfileError when there are problems."""
        if self._found:
            raise DockerfileError(sorted(self._found, key=lambda each: each.where or Where("")))
