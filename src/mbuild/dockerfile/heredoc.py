"""Here-documents (BuildKit `frontend/dockerfile/parser/parser.go`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mbuild.dockerfile.expand import ExpansionError, Lexer
from mbuild.dockerfile.model import Heredoc

_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")
_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)
_MAX_DESCRIPTOR: Final = 2**64 - 1
_UNSET: Mapping[str, str] = {}
# The escape character is the backslash here, whatever the file's directive says.
_LINE = Lexer(raw_quotes=True, raw_escapes=True, skip_unset=True)
_PLAIN = Lexer(skip_unset=True)
_QUOTED = Lexer(skip_unset=True, raw_quotes=True)


def parse_heredoc(word: str) -> Heredoc | None:
    """Return the here-document that a word announces (its content still empty), or None.

    Raises `ExpansionError` where BuildKit's parser fails. Its instructions take such a word for an ordinary one.
    """
    found = _HEREDOC.match(word)
    if not found or not found[3]:
        return None
    names = _PLAIN.words(found[3], _UNSET)
    if len(names) != 1:
        return None
    quoted = _QUOTED.words(found[3], _UNSET)
    if len(quoted) != 1:
        raise ExpansionError(f"the heredoc word {found[3]} is more than one word")
    return Heredoc(
        name=names[0],
        content="",
        expand=_quotes(names[0]) == _quotes(quoted[0]),
        chomp=bool(found[2]),
        fd=_descriptor(found[1]),
    )


def heredocs_of_line(line: str) -> tuple[Heredoc, ...]:
    """Return the here-documents that a logical line announces, in order, their contents still empty.

    A line whose quotes do not match announces none. Raises `ExpansionError` as `parse_heredoc`.
    """
    try:
        words = _LINE.words(line, _UNSET)
    except ExpansionError:
        return ()
    return tuple(heredoc for heredoc in map(parse_heredoc, words) if heredoc)


def chomp(content: str) -> str:
    """Return the content of a `<<-` document as COPY and ADD write it: without the tabs that lines begin with."""
    return _LEADING_TABS.sub("", content)


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')


def _descriptor(digits: str) -> int:
    significant = digits.lstrip("0")
    if len(significant) > len(str(_MAX_DESCRIPTOR)):
        return _MAX_DESCRIPTOR
    return min(int(significant or "0"), _MAX_DESCRIPTOR)
