"""Where comments, texts and heredocs stand in HCL: by the tokens of its scanner, nothing is evaluated. Pure.

Rules: ``hclsyntax/scan_tokens.rl`` of hashicorp/hcl. What is no HCL is not told: that is for who evaluates it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = re.compile(r'[{}"]|#[^\n]*|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)|<<-?(?P<marker>[^\W\d][\w-]*)\r?\n')
# ``$${`` and ``%%{`` stand for themselves.
_TEMPLATE = r"\$\$\{|%%\{|[$%]\{"
_TEXT = re.compile(rf'\\.|{_TEMPLATE}|"', re.DOTALL)
_OPENING = ("{", "${", "%{")
_PLAIN = re.compile(r'"[^"\\$%{}\n]*"')
_NOT_A_LINE = re.compile(r"[^\n]")


def outlined(text: str) -> str:
    """Return an HCL text with blanks for comments, heredocs and texts that are more than a word; lines stay."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    kept = 0
    while (match := _CODE.search(text, kept)) is not None:
        yield text[kept : match.start()]
        kept = _end(text, match)
        piece = text[match.start() : kept]
        yield piece if piece in "{}" or _PLAIN.fullmatch(piece) else _NOT_A_LINE.sub(" ", piece)
    yield text[kept:]


def _end(text: str, begun: re.Match[str]) -> int:
    """Return where the token of code ends that begins there, with all that is nested in it."""
    at = begun.end()
    first = None if begun[0] in "{}" else _opened(begun)
    within = [] if first is None else [first]
    # No recursion: what is nested may be nested deep.
    while within:
        match = within[-1].search(text, at)
        if match is None:
            return len(text)
        at = match.end()
        inner = _opened(match) if within[-1] is _CODE or match[0] in _OPENING else None
        if inner is not None:
            within.append(inner)
        elif match[0] == "}" or (within[-1] is not _CODE and match[0][0] not in "\\$%"):
            within.pop()
    return at


def _opened(token: re.Match[str]) -> re.Pattern[str] | None:
    """Return what counts within that which a token opens; None where it opens nothing."""
    if token[0] == '"':
        return _TEXT
    if token[0] in _OPENING:
        return _CODE
    return _heredoc(token["marker"]) if token["marker"] else None


def _heredoc(marker: str) -> re.Pattern[str]:
    """Return what counts in a heredoc: it ends with the line that has nothing but its marker."""
    return re.compile(rf"^[^\S\n]*{re.escape(marker)}[^\S\n]*(?=\n)|{_TEMPLATE}", re.MULTILINE)
