"""Variables, quotes and escapes in the words of an instruction (BuildKit `frontend/dockerfile/shell/lex.go`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from mbuild.dockerfile.shellpattern import PatternError, replace, trim_prefix, trim_suffix
from mbuild.dockerfile.shelltext import Cursor, Words, scanned
from mbuild.values import dataclass

MAX_EXPANSION = 1 << 20
"""Most characters that variables may add to one text: values that double line by line must not fill the memory."""

MAX_DEPTH = 64
"""Most `${…}` that may be nested."""

_MODIFIERS = "+-?#%"


class ExpansionError(ValueError):
    """A text that BuildKit refuses to expand. One line; the caller adds the place."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@dataclass(frozen=True, slots=True)
class Expanded:
    """An expanded text and the names looked up for it: those that had a value, those that had none."""

    text: str
    matched: frozenset[str] = frozenset()
    unmatched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lexer:
    """How texts are expanded.

    escape:      the escape character in force, a backslash or a backtick.
    raw_quotes:  quotes group but stay in the text.
    raw_escapes: escape characters protect the next character but stay in the text.
    skip_unset:  references to names without a value stay as written.
    skip_quotes: quotes are ordinary characters (BuildKit expands the bodies of heredocs so).
    """

    escape: str = "\\"
    raw_quotes: bool = False
    raw_escapes: bool = False
    skip_unset: bool = False
    skip_quotes: bool = False

    def word(self, text: str, env: Mapping[str, str]) -> Expanded:
        """Expand a text, keeping its blanks. Raises `ExpansionError`."""
        if not _special(self.escape).search(text):
            return Expanded(scanned(text))
        scan = _Scan(self, text, env)
        result, _ = scan.until("", self.raw_escapes)
        return Expanded(result, frozenset(scan.matched), frozenset(scan.unmatched))

    def words(self, text: str, env: Mapping[str, str]) -> tuple[str, ...]:
        """Expand a text, then split it at the blanks that are neither quoted nor escaped. Raises `ExpansionError`."""
        _, words = _Scan(self, text, env).until("", self.raw_escapes)
        return tuple(words)


@lru_cache
def _special(escape: str) -> re.Pattern[str]:
    return re.compile(f"[$'\"{re.escape(escape)}]")


class _Scan(Cursor):
    """One pass over a text: BuildKit's `shellWord`."""

    def __init__(self, lexer: Lexer, text: str, env: Mapping[str, str]) -> None:
        super().__init__(scanned(text))
        self.lexer = lexer
        self.env = env
        self.raw_escapes = lexer.raw_escapes
        self.matched: set[str] = set()
        self.unmatched: set[str] = set()
        self.added = 0
        self.depth = 0
        # The unfinished word. A `${x:-word}` starts it anew, so what stood before in the same word is lost from
        # `words` (never from `word`): BuildKit shares one buffer, and its answers are the measure.
        self.open_word: list[str] = []
        self.special: dict[str, Callable[[], str]] = {"$": self.dollar, "<": self.possible_heredoc}
        if not lexer.skip_quotes:
            self.special |= {"'": self.single_quoted, '"': self.double_quoted}

    def until(self, stop: str, raw_escapes: bool) -> tuple[str, list[str]]:
        """Expand up to the character `stop` ("": the end); return the text and its words."""
        outer, self.raw_escapes = self.raw_escapes, raw_escapes
        try:
            return self._until(stop)
        finally:
            self.raw_escapes = outer

    def _until(self, stop: str) -> tuple[str, list[str]]:
        result: list[str] = []
        words = Words(self.open_word)
        while not self.ended():
            character = self.peek()
            if character == stop:
                self.at += 1
                return "".join(result), words.finish()
            if character in self.special:
                piece = self.special[character]()
                (words.add_text if character == "$" else words.add_raw)(piece)
                result.append(piece)
            elif character == self.lexer.escape:
                piece = self.escaped()
                if piece:
                    words.add_raw(piece)
                    result.append(piece)
            else:
                self.at += 1
                words.add(character)
                result.append(character)
        if stop:
            raise ExpansionError(f"unexpected end of statement while looking for matching {stop}")
        return "".join(result), words.finish()

    def escaped(self) -> str:
        """Consume an escape character outside of quotes and what it protects; at the end it vanishes, unless raw."""
        escape = self.next()
        return (escape if self.raw_escapes else "") + self.next()

    def single_quoted(self) -> str:
        """Consume '…': everything in it is literal."""
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self.at = len(self.text)
            raise ExpansionError("unexpected end of statement while looking for matching single-quote")
        body = self.text[self.at + 1 : end]
        self.at = end + 1
        return f"'{body}'" if self.lexer.raw_quotes else body

    def double_quoted(self) -> str:
        """Consume "…": variables count, and escapes of the quote, the dollar and the escape character itself."""
        quote = '"' if self.lexer.raw_quotes else ""
        result = [quote]
        self.at += 1
        while not self.ended():
            character = self.peek()
            if character == '"':
                self.at += 1
                return "".join((*result, quote))
            if character == "$":
                result.append(self.dollar())
                continue
            self.at += 1
            if character == self.lexer.escape:
                if self.raw_escapes:
                    result.append(character)
                if self.ended():
                    break
                if self.peek() in ('"', "$", self.lexer.escape):
                    character = self.next()
            result.append(character)
        raise ExpansionError("unexpected end of statement while looking for matching double-quote")

    def possible_heredoc(self) -> str:
        """Consume `<`, or `<<` with the blanks behind it: they belong to the word of a heredoc."""
        self.at += 1
        if self.peek() != "<":
            return "<"
        self.at += 1
        start = self.at
        while self.peek() in ("\t", "\r", " "):
            self.at += 1
        return "<<" + self.text[start : self.at]

    def dollar(self) -> str:
        """Consume `$name` or `${…}` and return what it stands for."""
        self.at += 1
        if self.peek() == "{":
            self.at += 1
            return self.braced()
        name = self.name()
        if not name:
            return "$"
        value = self.value(name)
        return f"${name}" if value is None and self.lexer.skip_unset else value or ""

    def value(self, name: str) -> str | None:
        """Return a variable's value, or None, and note the look-up."""
        value = self.env.get(name)
        (self.unmatched if value is None else self.matched).add(name)
        self.added += len(value or "")
        if self.added > MAX_EXPANSION:
            raise ExpansionError(f"the variables of one instruction expand to more than {MAX_EXPANSION} characters")
        return value

    def braced(self) -> str:
        """Consume the rest of `${…}`."""
        first = self.peek()
        if not first:
            raise ExpansionError("syntax error: missing '}'")
        if first in "{}:":
            raise ExpansionError("syntax error: bad substitution")
        name = self.name()
        modifier = self.next()
        if modifier == "}":
            value = self.value(name)
            return f"${{{name}}}" if value is None and self.lexer.skip_unset else value or ""
        if modifier == "/":
            return self.nested(lambda: self.substitution(name))
        colon = ""
        if modifier == ":":
            colon, modifier = modifier, self.next()
        if not modifier:
            raise ExpansionError("syntax error: missing '}'")
        if modifier in "#%" if colon else modifier not in _MODIFIERS:
            raise ExpansionError(f"unsupported modifier ({colon}{modifier}) in substitution")
        return self.nested(lambda: self.modified(name, colon, modifier))

    def nested(self, consume: Callable[[], str]) -> str:
        if self.depth == MAX_DEPTH:
            raise ExpansionError(f"more than {MAX_DEPTH} substitutions in one another")
        self.depth += 1
        try:
            return consume()
        finally:
            self.depth -= 1

    def operand(self, stop: str, missing: str, raw_escapes: bool) -> str:
        try:
            text, _ = self.until(stop, raw_escapes)
        except ExpansionError as error:
            if self.ended():
                raise ExpansionError(f"syntax error: missing {missing}") from error
            raise
        return text

    def modified(self, name: str, colon: str, modifier: str) -> str:
        """Consume the operand of `- :- + :+ ? :? # ## % %%` and apply the operator."""
        word = self.operand("}", "'}'", modifier in "#%")
        value = self.value(name)
        if value is None and self.lexer.skip_unset:
            return f"${{{name}{colon}{modifier}{word}}}"
        if modifier not in _MODIFIERS:
            # Only now: `${x:=y}` may stand in a line that is searched for heredocs, where nothing is set.
            raise ExpansionError(f"unsupported modifier ({colon}{modifier}) in substitution")
        missing = value is None or (colon and not value)
        if modifier == "-":
            return word if missing else value or ""
        if modifier == "+":
            return "" if missing else word
        if modifier == "?":
            if missing:
                why = "is not allowed to be unset" if value is None else "is not allowed to be empty"
                raise ExpansionError(f"{name}: {word or why}")
            return value or ""
        return self.trimmed(value or "", modifier, word)

    @staticmethod
    def trimmed(value: str, modifier: str, pattern: str) -> str:
        """Remove the shortest prefix or suffix that matches, or the longest when the operator is doubled."""
        greedy = pattern.startswith(modifier)
        trim = trim_prefix if modifier == "#" else trim_suffix
        try:
            return trim(value, pattern[1:] if greedy else pattern, greedy)
        except PatternError as error:
            raise ExpansionError(f"invalid pattern ({pattern}) in substitution: {error}") from error

    def substitution(self, name: str) -> str:
        """Consume the rest of `${name/pattern/replacement}` or `${name//pattern/replacement}` and apply it."""
        everywhere = self.peek() == "/"
        self.at += everywhere
        pattern = self.operand("/", "'/' in ${}", raw_escapes=True)
        replacement = self.operand("}", "'}'", raw_escapes=True)
        value = self.value(name)
        if value is None and self.lexer.skip_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        try:
            return replace(value or "", pattern, replacement, everywhere)
        except PatternError as error:
            raise ExpansionError(f"invalid pattern ({pattern}) in substitution: {error}") from error
