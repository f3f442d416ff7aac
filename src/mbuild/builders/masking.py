"""Keeps secrets out of what a builder tells: the values of build secrets, and credentials in URLs.

A step may print what it was given (``set -x`` is enough), and everything that a builder tells goes to terminals, logs
and records. So it passes through here first, whichever builder it is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mbuild.builders.protocol import BuildResult
from mbuild.errors import HIDDEN, MbuildError, Problem, without_credentials
from mbuild.events import Emit, Event, LogLine, Step, StepDone
from mbuild.images import Secret
from mbuild.values import dataclass, replace

MOST_BYTES = 500 * 1024
"""What BuildKit takes as a secret at most (``session/secrets/secretsprovider``)."""
SHORTEST, SHORTEST_LINE = 4, 8
"""Characters that a value has at least, and a line of one of several lines, to be hidden: ``true`` is no secret."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Texts that must not be told, the longest first."""

    hidden: tuple[str, ...] = ()

    def text(self, text: str) -> str:
        """Return a text without them, and without credentials in URLs."""
        for each in self.hidden:
            if each in text:
                text = text.replace(each, HIDDEN)
        return without_credentials(text)

    def event(self, event: Event) -> Event:
        """Return an event that tells none of them."""
        match event:
            case Step():
                return replace(event, name=self.text(event.name))
            case StepDone():
                return replace(event, error=self.text(event.error))
            case LogLine():
                return replace(event, text=self.text(event.text))
            case _:
                return event

    def problems(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return problems that tell none of them."""
        return tuple(replace(each, message=self.text(each.message)) for each in problems)


def mask(secrets: Iterable[Secret], environ: Mapping[str, str]) -> Mask:
    """Return the mask for build secrets, with their values as they are now."""
    found = {each for secret in secrets for each in _lines(_value(secret, environ))}
    return Mask(tuple(sorted(found, key=lambda each: (-len(each), each))))


def _value(secret: Secret, environ: Mapping[str, str]) -> str:
    if secret.env:
        return environ.get(secret.env, "")
    with contextlib.suppress(OSError):
        # What a pipe holds can be read once, and that is the builder's to do.
        if Path(secret.file).is_file():
            with Path(secret.file).open("rb") as file:
                return file.read(MOST_BYTES).decode("utf-8", "replace")
    return ""  # the builder says what is wrong with it


def _lines(value: str) -> Iterator[str]:
    lines = [each.strip() for each in value.splitlines() if each.strip()]
    shortest = SHORTEST if len(lines) == 1 else SHORTEST_LINE
    yield from (each for each in lines if len(each) >= shortest)


def masked(secrets: Iterable[Secret], emit: Emit, build: Callable[[Emit], BuildResult]) -> BuildResult:
    """Build one image with everything that is told of it masked, an error that is raised included."""
    hide = mask(secrets, os.environ)
    try:
        result = build(lambda event: emit(hide.event(event)))
    except MbuildError as error:
        error.problems = hide.problems(error.problems)
        raise
    log, warnings = tuple(hide.text(each) for each in result.log), hide.problems(result.warnings)
    return replace(result, problems=hide.problems(result.problems), log=log, warnings=warnings)
