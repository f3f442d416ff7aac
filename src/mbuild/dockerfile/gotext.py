"""Text as Go sees it: what counts as a space, what happens to bytes that are not UTF-8, how a path is cleaned.

Text is `str` in which bytes that are not UTF-8 are surrogate escapes (PEP 383). Go decodes such a byte to U+FFFD
wherever it looks at runes, and leaves it alone wherever it moves bytes.
"""

from __future__ import annotations

import posixpath

from mbuild.expressions import expression

SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""The characters of Go's `unicode.IsSpace`; `str.isspace` knows some more (U+001C to U+001F)."""

MAX_LINE = 64 * 1024 - 1
"""Longest line, in bytes without its newline, that Go's `bufio.Scanner` hands out."""

TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")
"""What Go's `strconv.ParseBool` takes."""

BOM = b"\xef\xbb\xbf"

_INVALID = expression("[\ud800-\udfff]")
_BLANKS = expression("[\t\v\f\r ]+")


def decode(data: bytes) -> str:
    """Return the bytes as text, losing nothing."""
    return data.decode("utf-8", "surrogateescape")


def runes(text: str) -> str:
    """Return the text as Go's rune loops copy it: every byte that is not UTF-8 becomes U+FFFD."""
    return text if text.isascii() else _INVALID.sub("\ufffd", text)


def is_valid(text: str) -> bool:
    """Return whether the text is made of UTF-8 bytes only."""
    return text.isascii() or _INVALID.search(text) is None


def byte_view(text: str) -> str:
    """Return one character (U+0000 to U+00FF) for each byte: how Go code that indexes a string reads it."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def from_byte_view(view: str) -> str:
    """Undo `byte_view`."""
    return view if view.isascii() else decode(view.encode("latin-1"))


def is_name_character(character: str) -> bool:
    """Return whether the character can be part of a variable's name: Go's `IsLetter`, `IsDigit`, or `_`."""
    return character == "_" or character.isalpha() or character.isdecimal()


def split_blanks(text: str, most: int = 0) -> list[str]:
    """Split at runs of ASCII blanks, at most `most` times (0: always): BuildKit's `reWhitespace.Split`."""
    return _BLANKS.split(text, maxsplit=most)


def clean_path(path: str) -> str:
    """Return the shortest equivalent path: Go's `filepath.Clean` on Unix."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


_ENOUGH = 30


def number(text: str) -> int:
    """Return a decimal number, signed or not. Python refuses thousands of digits: of so many, the first will do.

    No limit of BuildKit's has ``_ENOUGH`` digits, so that a number of more is out of it, whatever else it is.
    """
    value = int(text.lstrip("+-0")[:_ENOUGH] or "0")
    return -value if text.startswith("-") else value


def overlong_line(data: bytes) -> int:
    """Return the number (from 1) of the first line that `bufio.Scanner` refuses as too long, or 0."""
    if len(data) <= MAX_LINE:
        return 0
    lines = data.split(b"\n")
    return next((number for number, line in enumerate(lines, 1) if len(line) > MAX_LINE), 0)
