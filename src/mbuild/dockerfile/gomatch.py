"""Go's `path.Match` and `filepath.Match` for paths with `/` between their parts: the wildcards of COPY and ADD.

Go cuts a pattern at its `*`s into chunks and, once a chunk has found its place, never tries it elsewhere. As a class
may match `/` and `*` may not, a backtracking expression would find more; one with atomic groups finds the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mbuild.dockerfile.gotext import byte_view, from_byte_view, is_valid
from mbuild.values import dataclass


class PatternError(ValueError):
    """A pattern that Go refuses (`filepath.ErrBadPattern`). One line."""


def match(pattern: str, name: str) -> bool:
    """Return whether the whole name matches. Raises `PatternError` for a malformed pattern, whatever the name."""
    compiled = compile_pattern(pattern)
    if name.isascii() or (compiled.by_character and is_valid(name)):
        return compiled.regex.fullmatch(name) is not None
    return compiled.match_bytes(byte_view(name))


@dataclass(frozen=True, slots=True)
class _Class:
    """`[a-c]`, or `?` as the class of everything but `/`. Unlike `?`, a negated class matches `/`."""

    negated: bool
    ranges: tuple[tuple[str, str], ...]

    def has(self, rune: str) -> bool:
        return any(low <= rune <= high for low, high in self.ranges) != self.negated

    @property
    def regex(self) -> str:
        ranges = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in self.ranges if low <= high)
        if ranges:
            return f"[{'^' * self.negated}{ranges}]"
        return r"[\s\S]" if self.negated else r"(?!)"


_Part = str | _Class
_Chunk = tuple[_Part, ...]
_NOT_SLASH = _Class(negated=True, ranges=(("/", "/"),))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern ready for matching.

    chunks:       the pieces between the `*`s.
    regex:        matches the same names where characters and bytes make no difference.
    by_character: they make none for names that are UTF-8. They do where a `*` stands before a wildcard: Go then tries
                  to continue in the middle of a character.
    """

    chunks: tuple[_Chunk, ...]
    regex: re.Pattern[str]
    by_character: bool

    def match_bytes(self, view: str) -> bool:
        """Match a name given as one character for each of its bytes."""
        last = len(self.chunks)
        return _match_chunks(((chunk, number == last) for number, chunk in enumerate(self.chunks, 1)), view)


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Compiled:
    """Return the compiled pattern. Raises `PatternError`."""
    chunks = tuple(chunk for chunk, _ in _parse(pattern))
    texts = ["".join(re.escape(part) if isinstance(part, str) else part.regex for part in chunk) for chunk in chunks]
    expression = texts[0]
    if texts[1:]:
        expression += "".join(f"(?>[^/]*?{text})" for text in texts[1:-1]) + f"[^/]*?{texts[-1]}"
    wild_behind_star = any(chunk and not isinstance(chunk[0], str) for chunk in chunks[1:])
    return Compiled(chunks, re.compile(expression, re.DOTALL), is_valid(pattern) and not wild_behind_star)


def check(pattern: str, name: str) -> None:
    """Raise `PatternError` where `filepath.Match` does. It overlooks what is malformed behind the chunk that fails."""
    _match_chunks(_parse(pattern), byte_view(name))


def _match_chunks(chunks: Iterable[tuple[_Chunk, bool]], view: str) -> bool:
    """Match chunks (and whether each is the last) with a name given as one character for each of its bytes."""
    at = -1
    for chunk, last in chunks:
        slash = view.find("/", at)
        starts = range(at, (len(view) if slash < 0 else slash) + 1) if at >= 0 else (0,)
        ends = (_end(chunk, view, start) for start in starts)
        at = next((end for end in ends if (end == len(view) if last else end >= 0)), -1)
        if at < 0:
            return False
    return True


def _parse(pattern: str) -> Iterator[tuple[_Chunk, bool]]:
    """Yield the chunks, the first without a `*` before it, and whether each is the last."""
    chunk: list[_Part] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "*":
            yield tuple(chunk), False
            chunk = []
            at = len(pattern) - len(pattern[at:].lstrip("*"))
            continue
        if character == "?":
            chunk.append(_NOT_SLASH)
        elif character == "[":
            found, at = _parse_class(pattern, at + 1)
            chunk.append(found)
        else:
            if character == "\\":
                at += 1
            if at == len(pattern):
                raise PatternError(f"malformed pattern {pattern!r}: it ends in a backslash")
            chunk.append(pattern[at])
        at += 1
    yield tuple(chunk), True


def _parse_class(pattern: str, at: int) -> tuple[_Class, int]:
    """Parse a class that begins behind its `[`; return it and where its `]` is."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern.startswith("]", at)):
        low, at = _class_character(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _class_character(pattern, at + 1)
        ranges.append((low, high))
    return _Class(negated, tuple(ranges)), at


def _class_character(pattern: str, at: int) -> tuple[str, int]:
    character = pattern[at : at + 1]
    if character in ("", "-", "]"):
        raise PatternError(f"malformed pattern {pattern!r}: its [ ] is not a class of characters")
    if character == "\\":
        at += 1
        character = pattern[at : at + 1]
    # Go wants more behind every character of a class, since the closing bracket must come.
    if at + 1 >= len(pattern) or not is_valid(character):
        raise PatternError(f"malformed pattern {pattern!r}: its [ ] is not a class of characters")
    return character, at + 1


def _end(chunk: _Chunk, view: str, at: int) -> int:
    """Return where a chunk ends that is matched at a place of a byte view, or -1."""
    for part in chunk:
        if isinstance(part, str):
            literal = byte_view(part)
            if not view.startswith(literal, at):
                return -1
            at += len(literal)
        else:
            rune, width = _rune(view, at)
            if not width or not part.has(rune):
                return -1
            at += width
    return at


def _rune(view: str, at: int) -> tuple[str, int]:
    """Decode one character as Go does: a byte that begins none is U+FFFD. Return ("", 0) at the end."""
    for width in range(1, 5):
        text = from_byte_view(view[at : at + width])
        if len(text) == 1 and is_valid(text):
            return text, width
    return ("\ufffd", 1) if at < len(view) else ("", 0)
