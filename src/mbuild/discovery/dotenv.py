"""``.env`` files as compose reads them (compose-go's ``dotenv`` package): quotes, comments, ``export``, variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mbuild.discovery.interpolate import InterpolationError, expand
from mbuild.errors import Problem, Where

_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*(?:[=:][ \t]*|(?=\n|$))")
_ESCAPE = re.compile(r'\\([abfnrtv$"\\]|0\d{0,3})')
# A dollar sign that is none of a variable is written twice.
_ESCAPES = dict(zip('abfnrtv$"\\', ["\a", "\b", "\f", "\n", "\r", "\t", "\v", "$$", '"', "\\"], strict=True))
_QUOTED = {mark: re.compile(rf"{mark}((?:[^{mark}\\]|\\.)*){mark}", re.DOTALL) for mark in "\"'"}


def parse(raw: bytes, shown: str, outer: Mapping[str, str]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return what a file says of variables, and what is wrong with it.

    outer: variables that hold already; in values they win over what the file says. What is not UTF-8 stays as it is.
    Messages quote nothing of the file: people keep passwords in it.
    A name without ``=`` takes its value from the environment, which has none here: it stays unset.
    """
    text = raw.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n")
    found: dict[str, str] = {}
    problems: list[Problem] = []
    at = 0
    while at < len(text):
        at = _line(text, at, found, outer, problems, shown)
    return found, tuple(problems)


def _line(
    text: str, at: int, found: dict[str, str], outer: Mapping[str, str], problems: list[Problem], shown: str
) -> int:
    """Read what starts at a place; return where the next one may start: another value may stand behind a quoted one."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    if not text[at:end].strip() or text[at:end].lstrip().startswith("#"):
        return end + 1
    key = _KEY.match(text, at, end)
    where = Where(shown, text.count("\n", 0, at) + 1)
    if key is None:
        problems.append(Problem("the line is no NAME=VALUE", where))
        return end + 1
    if not key[0].rstrip().endswith(("=", ":")):
        return end + 1
    try:
        found[key[1]], following = _value(text, key.end(), end, found | dict(outer))
    except InterpolationError:
        hint = "write '$$' for a dollar sign, or put the value in single quotes"
        problems.append(Problem(f"{key[1]}: a variable in its value cannot be read", where, (hint,)))
        return end + 1
    return following


def _value(text: str, at: int, end: int, values: Mapping[str, str]) -> tuple[str, int]:
    """Return a value and where what follows it starts; quoted values may have several lines.

    Rules: compose-go ``dotenv/parser.go`` (extractVarValue, expandEscapes).
    """
    mark = text[at : at + 1]
    pattern = _QUOTED.get(mark)
    match = pattern.match(text, at) if pattern else None
    if match is None:
        # Only behind a blank a "#" begins a comment: a colour is a value.
        return expand(text[at:end].partition(" #")[0].rstrip(), values), end + 1
    inner = re.sub(rf"\\(?:{mark}|(.))", lambda each: each[0] if each[1] else mark, match[1], flags=re.DOTALL)
    return inner if mark == "'" else expand(_ESCAPE.sub(_unescaped, inner), values), match.end()


def _unescaped(escape: re.Match[str]) -> str:
    """Return what an escape in double quotes stands for: an octal number has three digits behind its 0."""
    said = escape[1]
    if said in _ESCAPES:
        return _ESCAPES[said]
    number = int(said[1:], 8) if re.fullmatch("0[0-7]{3}", said) else 256
    return chr(number) if number < 256 else f"\\{said[1:]}"
