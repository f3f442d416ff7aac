"""The live table on a terminal: one line for each image that is at work, finished images above it.

Columns: image, time so far, time that is left by the history of builds, bytes of context sent, cached steps, the step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from rich.console import Console
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from mbuild.errors import printable
from mbuild.events import Event, ImageDone, ImageStarted, LogLine, Retrying, Sent, Step, StepDone
from mbuild.output.display import again, ended, is_instruction
from mbuild.output.words import duration, size
from mbuild.values import dataclass, field

_STYLES = {"built": "green", "cached": "green", "reused": "cyan", "failed": "red", "skipped": "yellow"}


@dataclass(slots=True)
class _Row:
    begun: float
    step: str = ""
    sent: int = 0
    cached: int = 0
    own: set[str] = field(default_factory=set)


class Live:
    """Draws with rich on stderr, a few times a second."""

    def __init__(
        self, *, color: bool, console: Console | None = None, expected: Mapping[str, float] | None = None
    ) -> None:
        """Start drawing. expected: seconds that images are likely to take, of those of which that is known."""
        self._expected = expected or {}
        self._console = console or Console(stderr=True, no_color=not color, highlight=False)
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._live = RichLive(console=self._console, get_renderable=self._table, refresh_per_second=5, transient=True)
        self._live.start()

    def show(self, event: Event) -> None:
        """Take in one event."""
        with self._lock:
            self._take(event)

    def _take(self, event: Event) -> None:
        row = self._rows.get(event.image)
        match event:
            case ImageStarted(image, "build"):
                self._rows[image] = _Row(time.monotonic())
            case Step(_, step, name) if row and is_instruction(name):
                row.step = printable(name)
                row.own.add(step)
            case LogLine(_, _, text) if row and text.strip():
                row.step = printable(text)
            case StepDone(_, step, cached=True) if row and step in row.own:
                row.cached += 1
            case Sent(_, count) if row:
                row.sent = count
            case Retrying() if row:
                row.step = again(event)
            case ImageDone(image, status, seconds, error):
                self._rows.pop(image, None)
                line = Text(f"{image}  ", end="")
                line.append(ended(status, seconds, error), style=_STYLES.get(status, ""))
                self._console.print(line)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        with self._lock:
            for name, row in sorted(self._rows.items()):
                step = Text(row.step, overflow="ellipsis", no_wrap=True)
                cached = f"{row.cached} cached" if row.cached else ""
                sent = size(row.sent) if row.sent else ""
                table.add_row(name, duration(now - row.begun), self._left(name, now - row.begun), sent, cached, step)
        return table

    def _left(self, image: str, taken: float) -> str:
        """Return how long an image will go on, "" where nobody knows or it takes longer than ever."""
        left = self._expected.get(image, 0.0) - taken
        return f"{duration(left)} left" if left > 0 else ""

    def close(self) -> None:
        """Stop drawing and leave the terminal as it was."""
        self._live.stop()
