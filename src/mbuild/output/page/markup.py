"""HTML as values: text is escaped where it becomes part of an element, and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable

from mbuild.errors import printable
from mbuild.values import dataclass

VOID = frozenset({"meta", "br", "rect", "path", "line"})
"""Elements that have no content; those of SVG close themselves."""
LONGEST = 2_000
"""Characters of one text: more is not read by anybody, and a line of a log can be as long as its writer likes."""


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of HTML that is complete: only this module, and files of this package, make some of text."""

    source: str

    def __str__(self) -> str:
        return self.source


Piece = Html | str | None
"""What an element may hold: text is escaped, None is nothing."""
NOTHING = Html("")


def element(name: str, /, *pieces: Piece, **attributes: str | int | float | bool | None) -> Html:
    """Return an element. Attributes: ``class_`` is class, ``data_x`` is data-x; None and False are left out."""
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}"
    if name in VOID:
        return Html(f"{start}/>")
    return Html(f"{start}>{joined(pieces)}</{name}>")


def joined(pieces: Iterable[Piece], between: Piece = None) -> Html:
    """Return pieces one after the other."""
    return Html(_html(between).join(_html(each) for each in pieces))


def safe(text: str) -> str:
    """Return text from outside without anything invisible that changes what is around it, cut where it is long."""
    shown = "\n".join(printable(line) for line in text[: LONGEST + 1].split("\n"))
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def _html(piece: Piece) -> str:
    if piece is None:
        return ""
    return piece.source if isinstance(piece, Html) else html.escape(safe(piece))


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if name == "viewBox":
        name = "viewBox"
    return f" {name}" if value is True else f' {name}="{html.escape(safe(_plain(value)))}"'


def _plain(value: str | int | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
