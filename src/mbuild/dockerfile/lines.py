"""The physical lines of a Dockerfile joined to logical ones (BuildKit `frontend/dockerfile/parser/parser.go`)."""

from __future__ import annotations

from mbuild.dockerfile.gotext import SPACE
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """An instruction's text, with its continuation lines joined and the comments among them gone.

    first:  number of its first physical line, from 1. col: where on it the text begins, from 1.
    gapped: there was an empty line where a continuation was due.
    """

    text: str
    first: int
    col: int
    gapped: bool


class Lines:
    """Reads logical lines and the bodies of heredocs, one after the other. `done` counts the physical lines read."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self.done = 0

    def peek(self) -> str | None:
        """Return the next physical line without blanks at its start, or None at the end."""
        if self.done == len(self._lines):
            return None
        return self._lines[self.done].lstrip(SPACE).rstrip("\r")

    def skip(self) -> None:
        """Pass over the next physical line."""
        self.done += 1

    def skip_all(self) -> None:
        """Pass over all lines that are left."""
        self.done = len(self._lines)

    def logical(self, escape: str) -> LogicalLine | None:
        """Return the next logical line that is neither empty nor a comment, or None at the end."""
        while self.done < len(self._lines):
            raw = self._lines[self.done]
            self.done += 1
            line = raw.lstrip(SPACE)
            if line and line[0] != "#":
                return self._join(line.rstrip("\r"), len(raw) - len(line) + 1, escape)
        return None

    def _join(self, line: str, col: int, escape: str) -> LogicalLine:
        first = self.done
        text, goes_on = continuation(line, escape)
        if not goes_on:
            return LogicalLine(text, first, col, gapped=False)
        parts = [text]
        gapped = False
        while goes_on and self.done < len(self._lines):
            raw = self._lines[self.done]
            self.done += 1
            line = raw.lstrip(SPACE)
            if not line:
                gapped = True
            elif line[0] != "#":
                text, goes_on = continuation(raw.rstrip("\r"), escape)
                parts.append(text)
        return LogicalLine("".join(parts), first, col, gapped)

    def body(self, terminator: str, chomped: bool) -> str | None:
        """Consume and return the lines up to the one that says `terminator`; None without one, nothing consumed."""
        for at in range(self.done, len(self._lines)):
            line = self._lines[at].rstrip("\r")
            if (line.lstrip("\t") if chomped else line) == terminator:
                content = "".join(f"{each}\n" for each in self._lines[self.done : at])
                self.done = at + 1
                return content
        return None


def continuation(line: str, escape: str) -> tuple[str, bool]:
    """Return the line without its continuation mark, and whether it has one: a last escape that is not doubled."""
    if escape not in line:
        return line, False
    text = line.rstrip(" \t")
    if text.endswith(escape) and not text.endswith(escape + escape):
        return text[:-1], True
    return line, False
