"""The variables of a build: global arguments, and ARG and ENV of a stage.

Rules: BuildKit `dockerfile2llb/convert.go` (`buildMetaArgs`, `dispatchArg`, `dispatchEnv`) and `platform.go`
(`defaultArgs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mbuild.dockerfile.expand import Expanded, ExpansionError, Lexer
from mbuild.dockerfile.instructions import Command
from mbuild.dockerfile.model import Platform
from mbuild.dockerfile.refused import Problems, Refused
from mbuild.values import dataclass, field

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Arguments that BuildKit reads itself and never makes variables of.
_NOT_VARIABLES = ("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE")


# Most words hold nothing to expand: they need no scan, whatever the escape character is.
_SPECIAL = re.compile(r"[$'\"\\`<]")
_NOTHING: frozenset[str] = frozenset()


def is_plain(word: str) -> bool:
    """Whether a word surely expands to itself."""
    return word.isascii() and _SPECIAL.search(word) is None


def expand_word(lexer: Lexer, word: str, values: Mapping[str, str]) -> str:
    """Expand a word. Raises Refused where BuildKit refuses it."""
    if is_plain(word):
        return word
    try:
        return lexer.word(word, values).text
    except ExpansionError as error:
        raise Refused(f"{word}: {error}") from error


def platform_args(target: str, platform: Platform, build_platform: Platform, args: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments that every build has; `args` may override them."""
    values = {
        "BUILDPLATFORM": str(build_platform),
        "BUILDOS": build_platform.os,
        "BUILDOSVERSION": "",
        "BUILDARCH": build_platform.arch,
        "BUILDVARIANT": build_platform.variant,
        "TARGETPLATFORM": str(platform),
        "TARGETOS": platform.os,
        "TARGETOSVERSION": "",
        "TARGETARCH": platform.arch,
        "TARGETVARIANT": platform.variant,
        "TARGETSTAGE": target or "default",
    }
    return {name: args.get(name, default) for name, default in values.items()}


PLATFORM_ARGS = frozenset(platform_args("", Platform(), Platform(), {}))
"""The names of these."""


def arg_pairs(command: Command) -> Iterator[tuple[str, str | None]]:
    """Yield the name and the default of each argument that an ARG declares."""
    words = iter(command.args)
    for name in words:
        assert name is not None
        yield name, next(words)


def global_args(
    commands: Iterable[Command],
    predefined: Mapping[str, str],
    args: Mapping[str, str],
    escape: str,
    problems: Problems,
    *,
    older: bool = False,
) -> dict[str, str]:
    """Return the arguments that FROM sees, and that `ARG name` in a stage takes over. older: see ``older``."""
    lexer, values = Lexer(escape), dict(predefined)
    for command in commands:
        with problems.at(command.where):
            for name, default in arg_pairs(command):
                if name in args:
                    values[name] = args[name]
                elif default is not None:
                    values[name] = expand_word(lexer, default, values)
                elif older:
                    values.pop(name, None)
    return values


_WORTH_KEEPING = 200
"""Characters of a word, and of the values that may stand in it: so what is kept is bounded."""


def _expanded(lexer: Lexer, word: str, values: Mapping[str, str]) -> Expanded:
    """Expand a word; images of one repository have many in common. Raises ExpansionError."""
    if len(word) > _WORTH_KEEPING or not word.isascii():
        return lexer.word(word, values)
    known = tuple([(name, values[name]) for name in _names(word) if name in values])
    if sum([len(value) for _, value in known]) > _WORTH_KEEPING:
        return lexer.word(word, values)
    return _expanded_with(lexer, word, known)


@lru_cache(maxsize=1024)
def _names(word: str) -> tuple[str, ...]:
    """Return all that may be names of variables in a word of ASCII, and perhaps more."""
    return tuple(dict.fromkeys(re.findall(r"\w+", word, re.ASCII)))


@lru_cache(maxsize=1024)
def _expanded_with(lexer: Lexer, word: str, values: tuple[tuple[str, str], ...]) -> Expanded:
    return lexer.word(word, dict(values))


@dataclass(slots=True)
class Variables:
    """The variables at one point of a stage.

    values:  what instructions expand with: ENV and ARG, and what the base stage had of both.
    image:   ENV alone, in order of definition: what the image's configuration keeps.
    guessed: names whose value was made with an unknown variable.
    base:    the image whose ENV is not known, so that a name without a value may have one; "": there is none.
    """

    values: dict[str, str] = field(default_factory=dict)
    image: dict[str, str] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    base: str = ""

    def child(self) -> Variables:
        """Return what a stage that starts from here begins with: ENV wins over ARG."""
        return Variables({**self.values, **self.image}, dict(self.image), set(self.guessed), self.base)

    def set_path(self) -> None:
        """Give PATH its default, for want of a value: the image keeps it, but an unknown base may have another."""
        if "PATH" not in self.values:
            unknown = frozenset(("PATH",)) if self.base else _NOTHING
            self.define("PATH", DEFAULT_PATH, unknown, keep=not self.base)

    def expand(self, lexer: Lexer, word: str) -> tuple[str, frozenset[str]]:
        """Expand a word; return it and the unknown variables that it needs (none: the word is exact).

        Raises Refused where BuildKit refuses the word.
        """
        if is_plain(word):
            return word, _NOTHING
        try:
            result = _expanded(lexer, word, self.values)
        except ExpansionError as error:
            result = self._guess(lexer, word, error)
        return result.text, self._unknown(result)

    def _guess(self, lexer: Lexer, word: str, error: ExpansionError) -> Expanded:
        """Try again with made up values for what the base may define: `${NAME:?…}` fails only where it does not."""
        if self.base:
            made_up = dict.fromkeys(re.findall(r"\w+", word), "unknown") | self.values
            try:
                guess = lexer.word(word, made_up)
            except ExpansionError:
                pass
            else:
                return Expanded(guess.text, unmatched=guess.matched - self.values.keys())
        raise Refused(f"{word}: {error}") from error

    def _unknown(self, result: Expanded) -> frozenset[str]:
        missing = result.unmatched if self.base else _NOTHING
        return missing | (result.matched & self.guessed)

    def define(self, name: str, value: str, unknown: frozenset[str], *, keep: bool) -> None:
        """Set a variable; keep: it is ENV and stays in the image."""
        if name in _NOT_VARIABLES and not keep:
            return
        self.values[name] = value
        if keep:
            self.image[name] = value
        self.guessed.discard(name)
        if unknown:
            self.guessed.add(name)
