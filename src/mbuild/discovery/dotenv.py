"""``.env`` files as compose reads them (compose-go's ``dotenv`` package): quotes, comments, ``export``, variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mbuild.discovery.interpolate import InterpolationError, expand
from mbuild.errors import Problem, Where

_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*(?:[=:][ \t]*|(?=\n|$))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_QUOTED = {'"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL), "'": re.compile("'([^']*)'")}


def parse(raw: bytes, shown: str, outer: Mapping[str, str]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return the variables of a file, and what is wrong with it.

    outer: variables that hold already; they can be used in values, and win over what the file says.
    Messages quote nothing of the file: people keep passwords in it.
    A name without ``=`` takes its value from the environment, which has none here: it stays unset.
    """
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return dict(outer), (Problem("not UTF-8", Where(shown)),)
    found: dict[str, str] = {}
    problems: list[Problem] = []
    at = 0
    while at < len(text):
        at = _line(text, at, found, outer, problems, shown)
    return found | dict(outer), tuple(problems)


def _line(
    text: str, at: int, found: dict[str, str], outer: Mapping[str, str], problems: list[Problem], shown: str
) -> int:
    """Read what starts at a place; return where the next line starts."""
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
        found[key[1]], end = _value(text, key.end(), end, found | dict(outer))
    except InterpolationError:
        hint = "write '$$' for a dollar sign, or put the value in single quotes"
        problems.append(Problem(f"{key[1]}: a variable in its value cannot be read", where, (hint,)))
    return end + 1


def _value(text: str, at: int, end: int, values: Mapping[str, str]) -> tuple[str, int]:
    """Return a value and where its line ends; quoted values may have several lines."""
    mark = text[at : at + 1]
    pattern = _QUOTED.get(mark)
    match = pattern.match(text, at) if pattern else None
    if match is None:
        bare = re.split(r"(?:^|\s)#", text[at:end], maxsplit=1)[0].strip()
        return expand(bare, values), end
    after = text.find("\n", match.end())
    after = len(text) if after < 0 else after
    if mark == "'":
        return match[1], after
    unescaped = re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[0]), match[1], flags=re.DOTALL)
    return expand(unescaped, values), after
