"""Cutting a logical line into words and flags (BuildKit `parser/split_command.go` and `parser/line_parsers.go`)."""

from __future__ import annotations

import re
from functools import lru_cache

from mbuild.dockerfile.gotext import SPACE, byte_view, from_byte_view, runes

BYTE_SPACE = "\t\n\v\f\r \x85\xa0"
"""What Go's `unicode.IsSpace` calls a space when the bytes of a text are taken for characters one by one."""


def split_words(text: str, escape: str) -> tuple[str, ...]:
    """Split at blanks that are neither quoted nor escaped; quotes and escapes stay, but a last lone escape goes."""
    return tuple(_word(escape).findall(runes(text)))


def split_flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    """Return the flags (words that begin with `--`, their quotes and escapes resolved) and the text behind them.

    A word `--` ends the flags. BuildKit takes bytes for characters here: `é` in a flag becomes `Ã©`, and the byte A0 of
    an `à` ends a word.
    """
    if not text.startswith(("--", "\udc85", "\udca0")):
        return (), text
    view = byte_view(text)
    flags: list[str] = []
    at = 0
    while found := flag_pattern(escape).match(view, at):
        at = found.end()
        word = quoting_pattern(escape).sub(lambda piece: _resolve(piece, escape), found[1])
        if word == "--":
            return tuple(flags), from_byte_view(view[at:])
        flags.append(word)
    return tuple(flags), from_byte_view(view[at:].lstrip(BYTE_SPACE))


def split_first(text: str) -> tuple[str, str]:
    """Return the first word and the text behind it and its blanks, with bytes taken for characters (HEALTHCHECK)."""
    view = byte_view(text)
    word = re.split(f"[{BYTE_SPACE}]", view, maxsplit=1)[0]
    return from_byte_view(word), from_byte_view(view[len(word) :].lstrip(BYTE_SPACE))


@lru_cache
def _word(escape: str) -> re.Pattern[str]:
    """Return what finds the words of ENV, LABEL and ARG. Nothing can be escaped between single quotes."""
    e = re.escape(escape)
    return re.compile(rf"""(?:{e}.|"(?:{e}.|[^"{e}])*+"?|'[^']*+'?|[^{SPACE}"'{e}])++""", re.DOTALL)


@lru_cache
def flag_pattern(escape: str) -> re.Pattern[str]:
    """Return what finds the next flag: its word, then perhaps a lone escape at the end of the text, to be dropped."""
    e = re.escape(escape)
    quoted = rf""""(?:{e}.|[^"{e}])*+"?|'(?:{e}.|[^'{e}])*+'?"""
    word = rf"(?=--)((?:{e}.|{quoted}|[^{BYTE_SPACE}\"'{e}])++)"
    return re.compile(rf"[{BYTE_SPACE}]*{word}(?:{e}\Z)?", re.DOTALL)


@lru_cache
def quoting_pattern(escape: str) -> re.Pattern[str]:
    """Return what finds the quoted and the escaped pieces of a flag's word."""
    e = re.escape(escape)
    return re.compile(rf""""((?:{e}.|[^"{e}])*+)"?|'((?:{e}.|[^'{e}])*+)'?|({e}.)""", re.DOTALL)


def _resolve(piece: re.Match[str], escape: str) -> str:
    """Return a quoted or escaped piece of a flag without its quotes and escapes."""
    inside: str = piece[1] or piece[2] or piece[3] or ""
    return re.sub(rf"{re.escape(escape)}(.)", r"\1", inside, flags=re.DOTALL)
