"""Gathers what has to be reported about the sources, each thing once."""

from __future__ import annotations

from mbuild.errors import MbuildError, Problem, Remark, Where


class Notes:
    """Problems in the order they were met."""

    def __init__(self) -> None:
        """Start with none."""
        self._problems: dict[Problem, None] = {}
        self._said: set[object] = set()

    def add(self, message: str, where: Where, *hints: str) -> None:
        """Note one thing."""
        self._problems[Problem(message, where, hints)] = None

    def remark(self, message: str, where: Where, *hints: str) -> None:
        """Note one thing for which nothing is left out."""
        self._problems[Remark(message, where, hints)] = None

    def unheld(self, build: str, setting: str, where: Where) -> None:
        """Note that a setting of a build is not carried out. build: what it is called."""
        self.remark(f"{build}: {setting} has no place in build.yaml and is left out", where)

    def leave_out(self, problem: Problem) -> None:
        """Note why something is left out, as what it is."""
        self._problems[problem] = None

    def once(self, about: object, problem: Problem) -> None:
        """Note one thing, unless the same has been said about this before."""
        if about not in self._said:
            self._said.add(about)
            self._problems[problem] = None

    def take(self, error: MbuildError, file: str) -> None:
        """Note the first problem of an error: one clear line for a file that cannot be read."""
        first = error.problems[0]
        self._problems[Problem(first.message, first.where or Where(file), first.hints)] = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything noted."""
        return tuple(self._problems)
