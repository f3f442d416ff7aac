"""A display for logs of CI: what belongs to one image is kept together, folded, with all that its steps wrote.

Groups cannot lie in each other, and images are built side by side: so a group is written when its image is done.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mbuild.errors import printable
from mbuild.events import Event, ImageDone, ImageStarted, LogLine, Step
from mbuild.output.display import Lines, ended, is_instruction
from mbuild.output.runners import unguarded

if TYPE_CHECKING:
    from typing import TextIO

Fold = Callable[[str, list[str], float], list[str]]
"""From a title, lines and when they began (seconds since 1970) to the lines that are written."""


def github(title: str, lines: list[str], begun: float) -> list[str]:  # noqa: ARG001
    """Fold as GitHub Actions does. Nothing inside is a command: the token that would end that is known to nobody."""
    token = secrets.token_hex(16)
    return [f"::group::{title}", f"::stop-commands::{token}", *lines, f"::{token}::", "::endgroup::"]


def azure(title: str, lines: list[str], begun: float) -> list[str]:  # noqa: ARG001
    """Fold as Azure Pipelines does (learn.microsoft.com: Logging commands, formatting commands)."""
    return [f"##[group]{title}", *lines, "##[endgroup]"]


def gitlab(title: str, lines: list[str], begun: float) -> list[str]:
    """Fold as GitLab does (docs.gitlab.com: Job logs, custom collapsible sections)."""
    name = f"mbuild_{re.sub('[^A-Za-z0-9_.-]', '_', title)}"
    start = f"\x1b[0Ksection_start:{int(begun)}:{name}[collapsed=true]\r\x1b[0K{title}"
    return [start, *lines, f"\x1b[0Ksection_end:{int(time.time())}:{name}\r\x1b[0K"]


FOLDS: dict[str, Fold] = {"github": github, "azure": azure, "gitlab": gitlab}


class Grouped(Lines):
    """Lines of each image together; how it ended stands outside of the fold, where everybody sees it."""

    def __init__(self, stream: TextIO, fold: Fold) -> None:
        """Fold in this way."""
        super().__init__(unguarded(stream))
        self._guarded: Any = stream
        self._fold = fold
        self._kept: dict[str, list[str]] = {}
        self._begun: dict[str, float] = {}

    def show(self, event: Event) -> None:
        """Keep what an image says; write it when the image is done."""
        match event:
            case ImageStarted(image, "build"):
                self._begun[image] = time.time()
                self._kept[image] = []
            case Step(image, _, name) if is_instruction(name) and image in self._kept:
                self._kept[image].append(name)
            case LogLine(image, _, text) if image in self._kept:
                self._kept[image].append(f"  {text}")
            case ImageDone(image, status, seconds, error):
                self._end(image, ended(status, seconds, error))

    def _end(self, image: str, how: str) -> None:
        from mbuild.output.runners import disarmed

        lines = [disarmed(printable(line)) for line in self._kept.pop(image, [])]
        folded = self._fold(image, lines, self._begun.pop(image, 0.0)) if lines else []
        self.write("\n".join([*folded, f"{image} | {disarmed(how)}"]))
