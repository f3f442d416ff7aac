"""What the expansion of texts reads from and writes to (BuildKit `frontend/dockerfile/shell/lex.go`)."""

from __future__ import annotations

from mbuild.dockerfile.gotext import SPACE, is_name_character, runes

_SPECIAL_PARAMETERS = "@*#?-$!0"


def scanned(text: str) -> str:
    """Return the text as Go's `text/scanner` delivers it: without a leading byte order mark, runes only."""
    return runes(text.removeprefix("\ufeff"))


class Cursor:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """Return the next character, "" at the end."""
        return self.text[self.at : self.at + 1]

    def next(self) -> str:
        """Consume the next character, "" at the end."""
        character = self.text[self.at : self.at + 1]
        self.at += 1
        return character

    def ended(self) -> bool:
        """Return whether all is consumed."""
        return self.at >= len(self.text)

    def name(self) -> str:
        """Consume a name: letters, digits and `_`; digits only after a first digit; or one special parameter."""
        start = self.at
        first = self.peek()
        if first.isdecimal():
            while self.peek().isdecimal():
                self.at += 1
        elif first and first in _SPECIAL_PARAMETERS:
            self.at += 1
        else:
            while (character := self.peek()) and is_name_character(character):
                self.at += 1
        return self.text[start : self.at]


class Words:
    """The words found so far: BuildKit's `wordsStruct`."""

    def __init__(self, buffer: list[str]) -> None:
        buffer.clear()
        self.buffer = buffer
        self.words: list[str] = []

    def add(self, character: str) -> None:
        """Add a character that ends the word when it is a blank."""
        if character not in SPACE:
            self.buffer.append(character)
        elif self.buffer:
            self.finish()

    def add_text(self, text: str) -> None:
        """Add a variable's value, splitting it at blanks."""
        for character in runes(text):
            self.add(character)

    def add_raw(self, text: str) -> None:
        """Add text whose blanks do not end the word."""
        if text:
            self.buffer.append(text)

    def finish(self) -> list[str]:
        """Close the word and return all words."""
        if self.buffer:
            self.words.append("".join(self.buffer))
            self.buffer.clear()
        return self.words
