"""The full logs of a run: of each image a file with all that its build has told, kept for the last runs."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from mbuild.errors import Problem, printable
from mbuild.events import Event, ImageDone, LogLine, Retrying, Step, StepDone
from mbuild.store.place import make_own

FOLDER = "logs"
KEPT = 20
"""Of how many runs logs are kept."""


class Logs:
    """Writes down events, from any thread. Nothing is made before something is told.

    folder: of this run. Where it cannot be written to, ``warn`` is told once, and nothing more is written.
    """

    def __init__(self, state: Path, warn: Callable[[Problem], None]) -> None:
        """Take the state folder of the repository."""
        # Runs in several containers may share a state directory, and begin at the same second with the same number.
        name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(4)}"
        self.folder = state / FOLDER / name
        self._warn = warn
        self._usable = True
        self._open: dict[str, TextIO] = {}
        self._written: set[str] = set()
        self._steps: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def path(self, image: str) -> Path | None:
        """Return the log of an image, None where there is none."""
        return self._path(image) if image in self._written else None

    def show(self, event: Event) -> None:
        """Write down one event."""
        with self._lock:
            line = self._line(event)
            if line and self._usable:
                try:
                    self._file(event.image).write(line + "\n")
                    if isinstance(event, ImageDone):  # there may be more images than files may be open
                        self._open.pop(event.image).close()
                except OSError as error:
                    self._usable = False
                    why = f"{printable(str(self.folder))}: {error.strerror or error}"
                    self._warn(Problem(f"the logs of this run are not kept: {why}"))

    def close(self) -> None:
        """Close all files. What is told afterwards, by builds that were given up, is not written down."""
        with self._lock:
            self._usable = False
            for file in self._open.values():
                with contextlib.suppress(OSError):  # what is left to be written is not worth an error
                    file.close()
            self._open.clear()

    def _path(self, image: str) -> Path:
        # No image's name has a '%' in it.
        return self.folder / f"{image.replace('/', '%2F')}.log"

    def _file(self, image: str) -> TextIO:
        if image not in self._open:
            if not self._written:
                self._begin()
            # Line by line: a run that is killed leaves what was told until then.
            self._open[image] = self._path(image).open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
            self._written.add(image)
        return self._open[image]

    def _begin(self) -> None:
        make_own(self.folder.parents[1])
        self.folder.mkdir(parents=True, mode=0o700)
        runs = sorted(each for each in self.folder.parent.iterdir() if each.is_dir() and not each.is_symlink())
        for each in runs[:-KEPT]:
            shutil.rmtree(each, ignore_errors=True)

    def _line(self, event: Event) -> str:
        """Return the line of an event, in BuildKit's way: steps have numbers, as they are told of side by side."""
        match event:
            case Step(image, step, name):
                return f"#{self._number(image, step)} {name}"
            case LogLine(image, step, text):
                return f"#{self._number(image, step)} {text}"
            case StepDone(image, step, cached, error):
                return f"#{self._number(image, step)} {f'ERROR: {error}' if error else 'CACHED' if cached else 'DONE'}"
            case Retrying(_, tried, seconds, error):
                return f"try {tried} failed, the next in {seconds:g} s: {error}"
            case ImageDone(_, status, seconds, error) if event.image in self._written:
                return f"{status} in {seconds:.1f} s{f': {error}' if error else ''}"
            case _:
                return ""

    def _number(self, image: str, step: str) -> int:
        known = sum(1 for each in self._steps if each[0] == image) if (image, step) not in self._steps else 0
        return self._steps.setdefault((image, step), known + 1)
