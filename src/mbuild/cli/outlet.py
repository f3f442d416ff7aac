"""Where output goes: to its reader, and nowhere once that one has left, by which a run neither ends nor succeeds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mbuild.errors import EnvironmentFault

if TYPE_CHECKING:
    from io import TextIOWrapper
    from typing import TextIO


class Outlet:
    """A stream that can always be written to.

    answer: it is stdout. What cannot be written there is an error, unless nobody wants it (``mbuild … | head``). Of
    stderr that cannot be told to anybody.
    """

    def __init__(self, stream: TextIO | None, *, answer: bool) -> None:
        """Write to this stream; None: it was closed when mbuild was started, and there is no reader."""
        self._stream = stream or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the end
        self._answer = answer
        if getattr(self._stream, "errors", "") == "strict":
            # What the encoding of the terminal or log cannot show is escaped.
            cast("TextIOWrapper", self._stream).reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write text."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines; each is asked for, too, where nobody reads them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what is kept back."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if self._answer and not isinstance(error, BrokenPipeError):
            raise EnvironmentFault(f"the answer cannot be written: {error.strerror}") from error
        # What the stream still holds goes there as well.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
