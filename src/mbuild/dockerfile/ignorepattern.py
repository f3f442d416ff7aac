"""One pattern of an ignore file, and many at once (moby/patternmatcher `Pattern.compile` and `Pattern.match`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from itertools import groupby

from mbuild.dockerfile.gomatch import check
from mbuild.dockerfile.goregexp import Sequence, translate
from mbuild.dockerfile.gotext import byte_view, from_byte_view, runes
from mbuild.expressions import expression
from mbuild.values import dataclass

MOST_BACKTRACKING = 4
"""Most wildcards of unknown length that are left to `re`; it needs time to the power of their number."""

_ESCAPED = frozenset(".+()$")
"""What patternmatcher escapes. It means to escape `| { }` too, but its table has no room for them: they take effect."""

_BOM = "\ufeff"  # Go's text/scanner, which reads the pattern, drops it
_WILD = expression(r"[*?\[\]]")
_TWISTED = expression("[|{^\\\\\ufeff\ud800-\udfff]")
_TWISTED_ASCII = expression(r"[|{^\\]")  # to compile the other one takes longer than to compare a few patterns
"""What makes the characters around it mean something else, or match others than themselves."""


_LITERAL = expression(r"[A-Za-z0-9_/-]+(?:\.+[A-Za-z0-9_/-]+)*", re.ASCII)
"""A pattern without any character that could mean another thing than itself."""


def _is_twisted(text: str) -> bool:
    return (_TWISTED_ASCII if text.isascii() else _TWISTED).search(text) is not None


class Kind(Enum):
    """How a pattern is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    REGEXP = "regexp"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern.

    text: the whole path (exact), its beginning (prefix) or its end (suffix); the cleaned pattern (regexp).
    alternatives: sequences of pieces, of which one must match from the start of the path (regexp).
    """

    kind: Kind
    text: str
    alternatives: tuple[Sequence, ...] = ()

    def can_match_below(self, folder: str) -> bool:
        """Return whether some path below the folder could match: False is certain, True is not."""
        if self.kind is Kind.SUFFIX:
            return True
        inside = f"{folder}/" if folder else ""
        if self.kind is Kind.EXACT:
            return self.text.startswith(inside)
        start = self.head if self.kind is Kind.REGEXP else self.text
        return start.startswith(inside) or inside.startswith(start)

    @property
    def head(self) -> str:
        """What every path begins with that the expression matches, as far as that is easily told."""
        return "" if _is_twisted(self.text) else _WILD.split(self.text, maxsplit=1)[0]

    @property
    def tail(self) -> str:
        """What every path ends with that the expression matches, as far as that is easily told."""
        if _is_twisted(self.text):
            return ""
        tail = _WILD.split(self.text)[-1]
        before = self.text[: len(self.text) - len(tail)]
        return tail.removeprefix("/") if before.endswith("**") else tail


def is_literal(cleaned: str) -> bool:
    """Return whether a cleaned pattern surely matches one path: itself."""
    return _LITERAL.fullmatch(cleaned) is not None


@cache
def compile_pattern(cleaned: str) -> Pattern:
    """Compile a cleaned pattern without its `!`. Raises `PatternError` where BuildKit refuses it."""
    if is_literal(cleaned):
        return Pattern(Kind.EXACT, cleaned)  # what follows would find the same, in ten times as long
    check(cleaned, ".")  # only for its errors, as patternmatcher does
    kind, expression = _expression(runes(cleaned.removeprefix(_BOM)))
    if kind is Kind.PREFIX:
        return Pattern(kind, cleaned[:-2])
    if kind is Kind.SUFFIX:
        return Pattern(kind, from_byte_view(byte_view(cleaned)[2:]))
    return Pattern(kind, cleaned, translate(expression) if kind is Kind.REGEXP else ())


def _expression(pattern: str) -> tuple[Kind, str]:
    """Return how a pattern is compared and the Go expression that it turns into."""
    kind = Kind.EXACT
    parts = ["^"]
    at = 0
    while at < len(pattern):
        start, character = at, pattern[at]
        at += 1
        if pattern.startswith("**", start):
            at += 1 + pattern.startswith("/", at + 1)
            if at < len(pattern):
                parts.append("(.*/)?")
                kind = Kind.REGEXP
            else:
                parts.append(".*")
                kind = Kind.PREFIX if kind is Kind.EXACT else Kind.REGEXP
            if start == 0:
                kind = Kind.SUFFIX
        elif character in _ESCAPED:
            parts.append("\\" + character)
        elif character in "*?":
            parts.append("[^/]" + "*" * (character == "*"))
            kind = Kind.REGEXP
        elif character in "[]":
            parts.append(character)
            kind = Kind.REGEXP
        elif character == "\\":
            parts.append(pattern[start : start + 2])
            at += 1
            kind = Kind.REGEXP
        else:
            parts.append(character)
    return kind, "".join((*parts, "$"))


class Union:
    """Patterns of which one must match: asked for every path, hence in as few steps as can be."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        by_kind: dict[Kind, list[Pattern]] = {kind: [] for kind in Kind}
        for pattern in patterns:
            by_kind[pattern.kind].append(pattern)
        self._prefixes = tuple(each.text for each in by_kind[Kind.PREFIX])
        self._suffixes = tuple(each.text for each in by_kind[Kind.SUFFIX])
        names = (suffix[1:] for suffix in self._suffixes if suffix.startswith("/"))  # `**/foo` matches `foo` too
        self._exact = frozenset((*(each.text for each in by_kind[Kind.EXACT]), *names))
        regexps = by_kind[Kind.REGEXP]
        self._tails = tuple({each.tail for each in regexps if each.tail})
        self._tailed = _Expressions(each for each in regexps if each.tail)
        self._heads = tuple({each.head for each in regexps if not each.tail})
        self._others = _Expressions(each for each in regexps if not each.tail)
        self._plain = not regexps

    def matches(self, path: str) -> bool:
        """Return whether one of the patterns matches exactly this path."""
        if path in self._exact or path.endswith(self._suffixes) or path.startswith(self._prefixes):
            return True
        if self._plain:
            return False
        text = runes(path)
        if text.endswith(self._tails) and self._tailed.match(text):
            return True
        return text.startswith(self._heads) and self._others.match(text)


class _Expressions:
    """Expressions of which one must match."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        sequences = [sequence for each in patterns for sequence in each.alternatives]
        simple = [_regex(sequence) for sequence in sequences if not _backtracks(sequence)]
        self.regex = re.compile("|".join(simple), re.ASCII) if simple else None
        self.steps = tuple(_Steps(sequence) for sequence in sequences if _backtracks(sequence))

    def match(self, text: str) -> bool:
        """Return whether one matches the whole text."""
        if self.regex is not None and self.regex.match(text) is not None:
            return True
        return any(steps.match(text) for steps in self.steps)


def _regex(atoms: Sequence) -> str:
    return "".join(atom.regex for atom in atoms)


def _backtracks(atoms: Sequence) -> bool:
    return sum(atom.kind != "fixed" for atom in atoms) > MOST_BACKTRACKING


class _Steps:
    """Matches a pattern with many wildcards without backtracking: by the set of places that each piece can end at."""

    def __init__(self, atoms: Sequence) -> None:
        self.steps = tuple(_steps(atoms))

    def match(self, path: str) -> bool:
        """Return whether the whole path matches."""
        places = {0}
        for kind, regex in self.steps:
            ends: set[int] = set()
            for place in sorted(places):
                found = regex.match(path, place)
                if found is None:
                    continue
                if kind == "fixed":
                    ends.add(found.end())
                elif kind == "maybe":
                    ends |= {place, found.end()}
                elif kind == "many":
                    ends.update(range(place, found.end() + 1))
                else:
                    ends.add(place)
                    ends.update(at for at in range(place + 1, found.end() + 1) if path[at - 1] == "/")
            places = ends
        return bool(places)


def _steps(atoms: Sequence) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield (kind, expression), with neighbouring fixed pieces joined."""
    for kind, group in groupby(atoms, key=lambda atom: atom.kind):
        if kind == "fixed":
            yield kind, re.compile(_regex(tuple(group)), re.ASCII)
        else:
            for atom in group:
                yield kind, re.compile(atom.regex, re.ASCII)
