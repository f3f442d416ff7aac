"""The arguments of each instruction as words (BuildKit `frontend/dockerfile/parser/line_parsers.go`)."""

from __future__ import annotations

from collections.abc import Callable

from mbuild.dockerfile.gojson import TooDeepError, load
from mbuild.dockerfile.gotext import SPACE, split_blanks
from mbuild.dockerfile.words import split_first, split_words
from mbuild.values import dataclass


class LineError(ValueError):
    """A logical line that BuildKit's parser refuses. One line; the caller adds the place."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The words of an instruction, and whether they were a JSON array."""

    words: tuple[str, ...]
    json: bool = False


def parse_arguments(keyword: str, text: str, escape: str) -> Arguments:
    """Split the text behind the flags of an instruction, ONBUILD apart.

    An unknown instruction has one empty argument, as in BuildKit's tree. Raises `LineError`.
    """
    return _PARSERS.get(keyword, _ignored)(keyword, text, escape)


def _ignored(_keyword: str, _text: str, _escape: str) -> Arguments:
    return Arguments(("",))


def _whole(_keyword: str, text: str, _escape: str) -> Arguments:
    return Arguments((text,) if text else ())


def _blank_separated(_keyword: str, text: str, _escape: str) -> Arguments:
    return Arguments(tuple(split_blanks(text)) if text else ())


def _json_or_whole(keyword: str, text: str, escape: str) -> Arguments:
    words = _json_words(text)
    return _whole(keyword, text, escape) if words is None else Arguments(words, json=True)


def _json_or_separated(keyword: str, text: str, escape: str) -> Arguments:
    words = _json_words(text)
    return _blank_separated(keyword, text, escape) if words is None else Arguments(words, json=True)


def _words(_keyword: str, text: str, escape: str) -> Arguments:
    return Arguments(split_words(text, escape))


def _healthcheck(keyword: str, text: str, escape: str) -> Arguments:
    kind, command = split_first(text)
    if not kind:
        return Arguments(())
    rest = _json_or_whole(keyword, command, escape)
    return Arguments((kind, *rest.words), rest.json)


def _pairs(keyword: str, text: str, escape: str) -> Arguments:
    """Return name, value, separator for each pair: "=", or "" for the one pair of the old form `ENV name value`."""
    words = split_words(text, escape)
    if words and "=" not in words[0]:
        name, *value = split_blanks(text, 1)
        if not value:
            raise LineError(f"{keyword} must have two arguments")
        return Arguments((name, value[0], ""))
    triples: list[str] = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise LineError(f"there is no = in {word!r}: {keyword} takes name=value, or name and value alone")
        triples += (name, text, equals)
    return Arguments(tuple(triples))


def _json_words(text: str) -> tuple[str, ...] | None:
    """Return the strings of a JSON array, None where the text is none. Raises `LineError` for other members."""
    array = text.lstrip(SPACE)
    if not array.startswith("["):
        return None
    try:
        words = load(array)
    except TooDeepError:
        words = [None]
    except ValueError:
        return None
    if not all(isinstance(word, str) for word in words):
        raise LineError("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(words)


_PARSERS: dict[str, Callable[[str, str, str], Arguments]] = {
    "ADD": _json_or_separated,
    "ARG": _words,
    "CMD": _json_or_whole,
    "COPY": _json_or_separated,
    "ENTRYPOINT": _json_or_whole,
    "ENV": _pairs,
    "EXPOSE": _blank_separated,
    "FROM": _blank_separated,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _whole,
    "RUN": _json_or_whole,
    "SHELL": _json_or_whole,
    "STOPSIGNAL": _whole,
    "USER": _whole,
    "VOLUME": _json_or_separated,
    "WORKDIR": _whole,
}

KEYWORDS = frozenset((*_PARSERS, "ONBUILD"))
"""The instructions there are, in upper case."""
