"""Displays of a running build, all on stderr: ``plain`` lines, ``json`` events, ``quiet`` and a live ``tty`` table."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Protocol, TextIO

from mbuild.errors import printable
from mbuild.events import Event, ImageDone, ImageStarted, LogLine, Retrying, Sent, Step, StepDone
from mbuild.output.runners import runner
from mbuild.output.words import duration

_NAMES = {
    ImageStarted: "image-started",
    Step: "step",
    StepDone: "step-done",
    LogLine: "log",
    Sent: "sent",
    Retrying: "retrying",
    ImageDone: "image-done",
}


class Display(Protocol):
    """Shows events as they come, from any thread."""

    def show(self, event: Event) -> None:
        """Show one event."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class Quiet:
    """Shows nothing: problems are printed at the end anyway."""

    def show(self, event: Event) -> None:
        """Ignore the event."""

    def close(self) -> None:
        """Do nothing."""


class Lines:
    """Writes whole lines, one writer at a time."""

    def __init__(self, stream: TextIO) -> None:
        """Write to this stream."""
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Write one line."""
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: every line is out."""


class JsonEvents(Lines):
    """One JSON object a line; ``event`` names its kind, the other keys are the event's fields."""

    def show(self, event: Event) -> None:
        """Write the event."""
        self.write(json.dumps({"event": _NAMES[type(event)], **dataclasses.asdict(event)}))


class Plain(Lines):
    """Lines for logs: ``image | text``."""

    def __init__(self, stream: TextIO, *, verbose: bool) -> None:
        """Show steps' own output only when verbose."""
        super().__init__(stream)
        self._verbose = verbose

    def show(self, event: Event) -> None:
        """Write a line for what a reader of a log wants to know."""
        text = self._text(event)
        if text:
            self.write(f"{event.image} | {text}")

    def _text(self, event: Event) -> str:
        match event:
            case ImageStarted(_, "build"):
                return "building"
            case Step(_, _, name) if is_instruction(name):
                return printable(name)
            case LogLine(_, _, text) if self._verbose:
                return printable(text)
            case Retrying():
                return again(event)
            case ImageDone(_, status, seconds, error):
                return ended(status, seconds, error)
            case _:
                return ""


def is_instruction(name: str) -> bool:
    """Whether a step is one of the Dockerfile's, not one of the builder's own."""
    return re.match(r"^\[(?:\S+ )?\d+/\d+\] ", name) is not None


def ended(status: str, seconds: float, error: str) -> str:
    """Return how an image ended, in words."""
    text = f"{status} in {duration(seconds)}" if status in ("built", "cached", "failed") else status
    return f"{text}: {printable(error.splitlines()[0])}" if error else text


def again(event: Retrying) -> str:
    """Return in words that a build is tried again."""
    return f"trying again in {duration(event.seconds)}: {printable(event.error.splitlines()[0])}"


def choose(
    mode: str,
    *,
    verbose: bool,
    color: bool,
    stream: TextIO | None = None,
    expected: Mapping[str, float] | None = None,
) -> Display:
    """Return the display for ``--progress``: ``auto`` is ``tty`` on a terminal and ``plain`` elsewhere.

    expected: seconds that images are likely to take. Where a CI system folds its logs, ``auto`` does so.
    """
    stream = stream or sys.stderr
    if mode == "auto":
        mode = "tty" if stream.isatty() and os.environ.get("TERM") != "dumb" else "plain"
        if mode == "plain" and (folding := runner(os.environ)) in ("github", "gitlab", "azure"):
            from mbuild.output.grouped import FOLDS, Grouped

            return Grouped(stream, FOLDS[folding])
    makers: dict[str, Callable[[], Display]] = {
        "quiet": Quiet,
        "json": lambda: JsonEvents(stream),
        "plain": lambda: Plain(stream, verbose=verbose),
        "tty": lambda: _live(color, expected or {}),
    }
    return makers[mode]()


def _live(color: bool, expected: Mapping[str, float]) -> Display:
    from mbuild.output.live import Live  # rich is slow to import

    return Live(color=color, expected=expected)
