"""The wildcards of `${x#p} ${x%p} ${x/p/r}` (BuildKit `convertShellPatternToRegex` in `shell/lex.go`).

`*` is any run of characters, `?` any character, neither of them a newline; there are no brackets. BuildKit makes a
regular expression of a pattern. Python's `re` would give the same answers, but takes exponential time on patterns such
as `*a*a*a*`; this matcher visits each pair of (token, position) at most once, in the order of a backtracking matcher.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mbuild.dockerfile.gotext import is_name_character, runes

MAX_WORK = 2_000_000
"""Most (token, position) pairs that one expansion may visit, and most characters that replacing may make."""

_Tokens = tuple[tuple[str, bool], ...]
"""A pattern as pairs of (character, whether it is a wildcard)."""

_STAR = ("*", True)
_UNITS = re.compile(r"\\.|.", re.DOTALL)


class PatternError(ValueError):
    """A pattern that BuildKit refuses, or that costs too much. One line."""


def trim_prefix(value: str, pattern: str, greedy: bool) -> str:
    """Return the value without the shortest (greedy: longest) prefix that matches."""
    end = _Matcher(_tokens(pattern), value, greedy).end(0)
    return value if end < 0 else value[end:]


def trim_suffix(value: str, pattern: str, greedy: bool) -> str:
    """Return the value without the shortest (greedy: longest) suffix that matches."""
    backwards = "".join(reversed(_UNITS.findall(runes(pattern))))
    return trim_prefix(runes(value)[::-1], backwards, greedy)[::-1]


def replace(value: str, pattern: str, replacement: str, everywhere: bool) -> str:
    """Return the value with the first match replaced, or every match.

    Only where every match is replaced, `$0`, `${0}` and `$$` in the replacement mean the match and a dollar, and other
    `$name` nothing: BuildKit hands the text to Go's `Regexp.ReplaceAllString`.
    """
    tokens = _tokens(pattern)
    if not everywhere:
        first = next(_matches(tokens, value), None)
        return value if first is None else value[: first[0]] + replacement + value[first[1] :]
    result: list[str] = []
    size = done = 0
    for start, end in _matches(tokens, value):
        piece = value[done:start]
        if end > done or start == 0:  # not an empty match right behind another match
            piece += _fill(replacement, value[start:end])
        result.append(piece)
        done = end
        size += len(piece)
        if size > MAX_WORK:
            raise PatternError("it makes a text that is too long")
    return "".join((*result, value[done:]))


@lru_cache(maxsize=256)
def _tokens(pattern: str) -> _Tokens:
    tokens: list[tuple[str, bool]] = []
    for unit in _UNITS.findall(runes(pattern.removeprefix("\ufeff"))):
        if len(unit) == 1:
            if unit == "\\":
                raise PatternError("invalid escape at the end")
            if (unit, True) != _STAR or tokens[-1:] != [_STAR]:
                tokens.append((unit, unit in "*?"))
        elif unit[1] in "*?\\}/":
            tokens.append((unit[1], False))
        else:
            raise PatternError(f"invalid escape '{unit}'")
    return tuple(tokens)


def _matches(tokens: _Tokens, value: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every longest match from left to right, as Go's `Regexp.ReplaceAll` walks through them."""
    matcher = _Matcher(tokens, value, greedy=True)
    start = 0
    while start <= len(value):
        end = matcher.end(start)
        if end < 0:
            start += 1
            continue
        yield start, end
        matcher.forget()
        start = max(start + 1, end)


def _fill(template: str, match: str) -> str:
    """Return a replacement with its `$` references filled in (Go's `Regexp.Expand`; there are no groups)."""
    result: list[str] = []
    at = 0
    while (dollar := template.find("$", at)) >= 0:
        result.append(template[at:dollar])
        if template.startswith("$$", dollar):
            result.append("$")
            at = dollar + 2
            continue
        braced = template.startswith("{", dollar + 1)
        start = end = dollar + 1 + braced
        while end < len(template) and is_name_character(template[end]):
            end += 1
        name = template[start:end]
        if not name or (braced and not template.startswith("}", end)):
            result.append("$")
            at = dollar + 1
            continue
        result.append(match if name == "0" else "")
        at = end + braced
    return "".join((*result, template[at:]))


class _Matcher:
    """Finds where a match of the tokens ends; remembers across starting points what leads nowhere."""

    def __init__(self, tokens: _Tokens, text: str, greedy: bool) -> None:
        self.tokens = tokens
        self.text = runes(text)
        self.greedy = greedy
        self.seen: set[tuple[int, int]] = set()
        self.work = 0

    def forget(self) -> None:
        """Make the places of the last match available to the next one."""
        self.seen.clear()

    def end(self, start: int) -> int:
        """Return where the preferred match that begins at `start` ends, or -1."""
        todo = [(0, start)]
        while todo:
            state = todo.pop()
            if state in self.seen:
                continue
            self.seen.add(state)
            self.work += 1
            if self.work > MAX_WORK:
                raise PatternError("it is too costly to match")
            if state[0] == len(self.tokens):
                return state[1]
            todo += self.next(*state)
        return -1

    def next(self, index: int, at: int) -> list[tuple[int, int]]:
        """Return the states that follow, the preferred one last."""
        character, wild = self.tokens[index]
        fits = at < len(self.text) and (self.text[at] != "\n" if wild else self.text[at] == character)
        if (character, wild) != _STAR:
            return [(index + 1, at + 1)] if fits else []
        skip, more = (index + 1, at), (index, at + 1)
        if not fits:
            return [skip]
        return [skip, more] if self.greedy else [more, skip]
