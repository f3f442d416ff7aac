r"""The part of Go's regular expressions that an ignore pattern can turn into, as expressions of Python's `re`.

moby/patternmatcher writes a pattern into a Go expression almost letter by letter: brackets, and whatever follows a
backslash, get the meaning of Go's `regexp/syntax`. So `\d` is a digit, `\n` a newline, `[[:digit:]]` a digit, `\y` an
error. Python gives some of it another meaning (`$`, `\w`, `\Z`, `[[`), hence the translation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from mbuild.dockerfile.gomatch import PatternError
from mbuild.dockerfile.gotext import number
from mbuild.expressions import expression
from mbuild.values import dataclass

_Ranges = tuple[tuple[str, str], ...]
"""A set of characters: pairs of first and last."""


def _ranges(compact: str) -> _Ranges:
    return tuple(zip(compact[::2], compact[1::2], strict=True))


_DIGIT, _WORD = _ranges("09"), _ranges("09AZ__az")
_PERL = {"d": _DIGIT, "s": _ranges("\t\n\f\r  "), "w": _WORD}
_POSIX = {
    "alnum": _ranges("09AZaz"),
    "alpha": _ranges("AZaz"),
    "ascii": _ranges("\0\x7f"),
    "blank": _ranges("\t\t  "),
    "cntrl": _ranges("\0\x1f\x7f\x7f"),
    "digit": _DIGIT,
    "graph": _ranges("!~"),
    "lower": _ranges("az"),
    "print": _ranges(" ~"),
    "punct": _ranges("!/:@[`{~"),
    "space": _ranges("\t\r  "),
    "upper": _ranges("AZ"),
    "word": _WORD,
    "xdigit": _ranges("09AFaf"),
}
_LAST = "\U0010ffff"
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NUMBER = expression("0[0-7]{0,2}|[1-7][0-7]{1,2}|x[0-9A-Fa-f]{2}")
_ANCHORS = {"A": r"\A", "z": r"\Z", "b": r"\b", "B": r"\B"}
_SPECIAL = {"^": r"\A", "$": r"\Z", ".": r"[^\n]"}
_FOLDERS = "(.*/)?"
_REPETITION = expression(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_MAX_REPETITION = 1000


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of an expression.

    kind: "fixed" takes as many characters wherever it matches, "maybe" that or nothing, "many" any number of characters
    of a set, "folders" nothing or what ends in a slash.
    """

    kind: Literal["fixed", "maybe", "many", "folders"]
    regex: str


Sequence = tuple[Atom, ...]
_ANYTHING = Atom("many", r"[\s\S]*")
_START = Atom("fixed", r"\A")


def translate(expression: str) -> tuple[Sequence, ...]:
    r"""Return the alternatives of a Go expression, each a sequence of pieces to match from the start of a text.

    One that is not bound to the start begins with "anything", as Go looks for a match at every place. Raises
    `PatternError` where Go refuses the expression.
    """
    alternatives: list[list[Atom]] = [[]]
    for atom in _Translator(expression).run():
        if atom is None:
            alternatives.append([])
        else:
            alternatives[-1].append(atom)
    return tuple(tuple(atoms if atoms[:1] == [_START] else [_ANYTHING, *atoms]) for atoms in alternatives)


class _Translator:
    """Walks once over an expression made of literals, `^ $ . |`, `*`, `{n,m}`, `(.*/)?`, escapes and classes."""

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.at = 0

    def rest(self, length: int) -> str:
        return self.text[self.at : self.at + length]

    def take(self, length: int = 1) -> str:
        taken = self.rest(length)
        self.at += length
        return taken

    def run(self) -> Iterator[Atom | None]:
        """Translate to the end; None stands between alternatives."""
        while self.at < len(self.text):
            if self.rest(len(_FOLDERS)) == _FOLDERS:
                self.at += len(_FOLDERS)
                yield Atom("folders", r"(?:[^\n]*/)?")
                self.refuse_repetition()
            elif self.rest(1) == "|":
                self.at += 1
                yield None
                self.refuse_repetition()
            elif self.rest(2) == "\\Q":
                self.at += 2
                yield Atom("fixed", re.escape(self.quoted()))
                self.refuse_repetition()
            else:
                yield from self.repeated(self.unit())

    def unit(self) -> str:
        character = self.take()
        if character == "[":
            return self.char_class()
        if character == "\\":
            return self.escape()
        return _SPECIAL.get(character) or re.escape(character)

    def repeated(self, unit: str) -> Iterator[Atom]:
        """Consume the repetition behind a unit that takes one character or none."""
        if self.rest(1) == "*":
            self.at += 1
            yield Atom("many", f"{unit}*")
            self.refuse_repetition()
            return
        found = _REPETITION.match(self.text, self.at)
        if not found:
            yield Atom("fixed", unit)
            return
        self.at = found.end()
        least, most = number(found[1]), number(found[3] or found[1])
        if not least <= most <= _MAX_REPETITION:
            raise PatternError(f"malformed pattern: Go has no repetition {found[0]}")
        yield Atom("fixed", f"(?:{unit}){{{least}}}")
        if found[2] and not found[3]:
            yield Atom("many", f"(?:{unit})*")
        yield from [Atom("maybe", f"(?:{unit})?")] * (most - least)
        self.refuse_repetition()

    def refuse_repetition(self) -> None:
        """Raise `PatternError` for a repetition where there is nothing to repeat."""
        found = _REPETITION.match(self.text, self.at)
        if found:
            raise PatternError(f"malformed pattern: there is nothing that {found[0]} could repeat")

    def quoted(self) -> str:
        r"""Consume the text up to `\E` or the end."""
        end = self.text.find("\\E", self.at)
        literal = self.take(len(self.text) if end < 0 else end - self.at)
        self.at += 2
        return literal

    def escape(self) -> str:
        """Translate what follows a backslash outside of a class."""
        following = self.rest(1)
        if following in _ANCHORS:
            return f"(?:{_ANCHORS[self.take()]})"
        ranges = self.perl_class()
        return re.escape(self.escaped_character()) if ranges is None else _class(ranges, negated=False)

    def perl_class(self) -> _Ranges | None:
        r"""Consume the letter of `\d \s \w \D \S \W`, or return None."""
        ranges = _PERL.get(self.rest(1).lower())
        if ranges is None:
            return None
        return _complement(ranges) if self.take().isupper() else ranges

    def escaped_character(self) -> str:
        """Consume the single character that an escape stands for."""
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            digits = number[0]
            return chr(int(digits[1:], 16) if digits[0] == "x" else int(digits, 8))
        character = self.take()
        if character in ("p", "P"):
            raise PatternError(f"classes of Unicode characters (\\{character}) are not supported in ignore files")
        if character in _CONTROL:
            return _CONTROL[character]
        if not character.isascii() or character.isalnum():
            raise PatternError(f"malformed pattern: \\{character} has no meaning there")
        return character

    def char_class(self) -> str:
        """Translate a class; its opening bracket is consumed."""
        negated = self.rest(1) == "^"
        self.at += negated
        found: _Ranges = ()
        first = True
        while first or self.rest(1) != "]":
            first = False
            found += self.members()
        self.at += 1
        return _class(found, negated)

    def members(self) -> _Ranges:
        """Consume one member of a class."""
        if self.rest(2) == "[:" and (end := self.text.find(":]", self.at + 2)) >= 0:
            return self.named(self.take(end + 2 - self.at)[2:-2])
        if self.rest(1) == "\\":
            self.at += 1
            ranges = self.perl_class()
            if ranges is not None:
                return ranges
            self.at -= 1
        low = high = self.class_character()
        if self.rest(1) == "-" and self.rest(2) not in ("-", "-]"):
            self.at += 1
            high = self.class_character()
        if high < low:
            raise PatternError(f"malformed pattern: the range {low}-{high} is the wrong way round")
        return ((low, high),)

    def class_character(self) -> str:
        character = self.take()
        if not character:
            raise PatternError("malformed pattern: a [ without its ]")
        return self.escaped_character() if character == "\\" else character

    @staticmethod
    def named(name: str) -> _Ranges:
        ranges = _POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise PatternError(f"malformed pattern: there is no class [:{name}:]")
        return _complement(ranges) if name.startswith("^") else ranges


def _complement(ranges: _Ranges) -> _Ranges:
    """Return the characters outside of sorted ranges that do not touch the last character there is."""
    starts = ["\0", *(chr(ord(high) + 1) for _, high in ranges)]
    ends = [*(ord(low) - 1 for low, _ in ranges), ord(_LAST)]
    return tuple((start, chr(end)) for start, end in zip(starts, ends, strict=True) if ord(start) <= end)


def _class(ranges: _Ranges, negated: bool) -> str:
    members = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges)
    return f"[{'^' * negated}{members}]"
