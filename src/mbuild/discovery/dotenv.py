"""``.env`` files as compose reads them (compose-go's ``dotenv`` package): quotes, comments, ``export``, variables."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping, MutableMapping

from mbuild.discovery.interpolate import InterpolationError, expand
from mbuild.errors import Problem, Where
from mbuild.values import dataclass, field

_IDLE = re.compile(r"(?:\s+|#[^\n]*)*")
_KEY = re.compile(r"(?:export[^\S\n]+)?([A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*(?:[=:][ \t]*|(?=\n|\Z))")
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
    reader = _Reader(raw.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n"), shown, dict(outer))
    while reader.more():
        reader.statement()
    return reader.found, tuple(reader.problems)


@dataclass(slots=True)
class _Reader:
    """Goes through a file once, however many values stand on a line: at is where the next one may start."""

    text: str
    shown: str
    outer: MutableMapping[str, str]
    found: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    at: int = 0
    line: int = 1
    counted: int = 0

    @property
    def values(self) -> Mapping[str, str]:
        """What a value may use."""
        return ChainMap(self.outer, self.found)

    def more(self) -> bool:
        """Go to the next statement; return whether there is one."""
        match = _IDLE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at < len(self.text)

    def statement(self) -> None:
        """Read what starts here. A value may have several lines, and others behind it on its last."""
        key = _KEY.match(self.text, self.at)
        if key is None:
            self._wrong("the line is no NAME=VALUE")
        elif key[0].rstrip().endswith(("=", ":")):
            try:
                self.found[key[1]], self.at = _value(self.text, key.end(), self.values)
            except InterpolationError:
                hint = "write '$$' for a dollar sign, or put the value in single quotes"
                self._wrong(f"{key[1]}: a variable in its value cannot be read", hint)
        else:
            self.at = key.end()

    def _wrong(self, message: str, *hints: str) -> None:
        """Note what is wrong with the line, and go on behind it."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        self.problems.append(Problem(message, Where(self.shown, self.line), hints))
        self.at = _end_of_line(self.text, self.at)


def _end_of_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _value(text: str, at: int, values: Mapping[str, str]) -> tuple[str, int]:
    """Return a value and where what follows it starts; quoted values may have several lines.

    Rules: compose-go ``dotenv/parser.go`` (extractVarValue, expandEscapes).
    """
    mark = text[at : at + 1]
    pattern = _QUOTED.get(mark)
    match = pattern.match(text, at) if pattern else None
    if match is None:
        end = _end_of_line(text, at)
        # Only behind a blank a "#" begins a comment: a colour is a value.
        return expand(text[at:end].partition(" #")[0].rstrip(), values), end
    inner = re.sub(rf"\\(?:{mark}|(.))", lambda each: each[0] if each[1] else mark, match[1], flags=re.DOTALL)
    return inner if mark == "'" else expand(_ESCAPE.sub(_unescaped, inner), values), match.end()


def _unescaped(escape: re.Match[str]) -> str:
    """Return what an escape in double quotes stands for: an octal number has three digits behind its 0."""
    said = escape[1]
    if said in _ESCAPES:
        return _ESCAPES[said]
    number = int(said[1:], 8) if re.fullmatch("0[0-7]{3}", said) else 256
    return chr(number) if number < 256 else f"\\{said[1:]}"
