"""Where an instruction names the image that it starts from or takes files from, in the bytes of its Dockerfile.

Texts are views with one character for each byte, as BuildKit looks for flags (``parser/line_parsers.go``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mbuild.dockerfile.gotext import BOM, SPACE, from_byte_view
from mbuild.dockerfile.lines import continuation
from mbuild.dockerfile.mounts import FIELD
from mbuild.dockerfile.words import BYTE_SPACE, flag_pattern, quoting_pattern
from mbuild.values import dataclass

KEYWORDS = {"from": "FROM", "copy": "COPY", "mount": "RUN"}
"""The instruction that makes each kind of reference."""

_BLANKS = r"[\t\v\f\r ]"
_HEAD = re.compile(rf"{_BLANKS}*(FROM|COPY|RUN){_BLANKS}+", re.IGNORECASE)
_WORD = re.compile(rf"[{BYTE_SPACE}]*([^\t\v\f\r ]+)")
_LITERAL = re.compile(r"[\w.:/@-]+", re.ASCII)

Spot = tuple[int, ...]
"""The offsets of all bytes of a name; a continued line cuts it in pieces, and quotes and escapes lie around it."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A text and, for each of its characters, the offsets of the bytes that it is written with."""

    text: str
    places: tuple[Spot, ...]

    def spot(self, start: int, end: int) -> Spot:
        return tuple(offset for place in self.places[start:end] for offset in place)

    def part(self, start: int, end: int) -> _Placed:
        return _Placed(self.text[start:end], self.places[start:end])


def spots(view: str, begin: int, escape: str, name: str, kind: str) -> list[Spot]:
    """Return where the instruction that begins at an offset has a name; [] where it does not have it as it is meant."""
    line = _logical(view, begin, escape)
    head = _HEAD.match(line.text)
    if head is None or head[1].upper() != KEYWORDS.get(kind):
        return []
    flags, end = _flags(line, head.end(), escape)
    if kind == "from":
        return _image(line, end, name)
    if kind == "copy":
        return [flag.spot(7, len(flag.text)) for flag in flags if flag.text == f"--from={name}"]
    return [spot for flag in flags if flag.text.startswith("--mount=") for spot in _mounted(flag, name)]


def _logical(view: str, begin: int, escape: str) -> _Placed:
    """Return the logical line that begins there, as ``dockerfile.lines`` joins it."""
    if not begin and view.startswith(BOM.decode("latin-1")):
        begin = len(BOM)
    texts: list[str] = []
    places: list[Spot] = []
    goes_on = True
    while goes_on and begin < len(view):
        end = view.find("\n", begin)
        raw = view[begin : end if end >= 0 else len(view)]
        bare = from_byte_view(raw).lstrip(SPACE)
        if not texts or (bare and bare[0] != "#"):
            text, goes_on = continuation(raw.rstrip("\r"), escape)
            texts.append(text)
            places += [(begin + at,) for at in range(len(text))]
        begin += len(raw) + 1
    return _Placed("".join(texts), tuple(places))


def _flags(line: _Placed, at: int, escape: str) -> tuple[list[_Placed], int]:
    """Return the flags that stand there, without their quotes and escapes, and where they end."""
    flags: list[_Placed] = []
    while found := flag_pattern(escape).match(line.text, at):
        at = found.end()
        flags.append(_unquoted(line.part(*found.span(1)), escape))
        if flags[-1].text == "--":
            break
    return flags, at


def _unquoted(word: _Placed, escape: str) -> _Placed:
    kept: list[tuple[str, Spot]] = []
    at = 0
    for piece in quoting_pattern(escape).finditer(word.text):
        kept += zip(word.text[at : piece.start()], word.places[at : piece.start()], strict=True)
        group = next((each for each in (1, 2, 3) if piece[each]), 0)
        if group:
            kept += _unescaped(word.part(*piece.span(group)), escape)
        at = piece.end()
    kept += zip(word.text[at:], word.places[at:], strict=True)
    return _Placed("".join(text for text, _ in kept), tuple(place for _, place in kept))


def _unescaped(word: _Placed, escape: str) -> Iterator[tuple[str, Spot]]:
    at = 0
    while at < len(word.text):
        last = at + 1 if word.text[at] == escape and at + 1 < len(word.text) else at
        yield word.text[last], word.spot(at, last + 1)
        at = last + 1


def _image(line: _Placed, at: int, name: str) -> list[Spot]:
    """Return where FROM names its image: a word that has no variables says the name itself."""
    word = _WORD.match(line.text, at)
    if word is None or (_LITERAL.fullmatch(word[1]) and word[1] != name):
        return []
    return [line.spot(*word.span(1))]


def _mounted(flag: _Placed, name: str) -> Iterator[Spot]:
    """Yield where a mount says ``from=NAME``, as ``dockerfile.mounts`` splits its fields."""
    at = len("--mount=")
    while found := FIELD.match(flag.text, at):
        group = 2 if found[1] is None else 1
        key, equals, value = found[group].partition("=")
        if equals and key.lower() == "from" and value == name:
            yield flag.spot(found.start(group) + len(key) + 1, found.end(group))
        if not found[3]:
            return
        at = found.end()
