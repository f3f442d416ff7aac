"""The command lines that machines ask most, read without click: to import it takes longer than to answer them.

Only what is certain is read here. Anything else (another command, an option that is not in the table, a value that
could be an option, help, a mistake) is None, and click reads all of it: there is one source of help and errors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mbuild.cli.settings import Listing, Settings

_TEXT = {"--base": "base", "--head": "head"}
_CHOICE = {"--format": ("format_", ("text", "json")), "--missing-base": ("missing_base", ("error", "all"))}
_FLAGS = {"--list": "", "--fetch": "", "--exit-code": "exit_code"}


def read(argv: Sequence[str]) -> tuple[Settings, Listing] | None:
    """Return what ``[-C DIR] affected --list …`` asks for; None where click has to read it."""
    rest = list(argv)
    directory = Path()
    if rest[:1] == ["-C"] and len(rest) > 1 and not rest[1].startswith("-"):
        directory = Path(rest[1])
        del rest[:2]
    if rest[:1] != ["affected"] or "--list" not in rest or "_MBUILD_COMPLETE" in os.environ:
        return None
    asked = _options(rest[1:])
    color = not os.environ.get("NO_COLOR")
    fetch = "--fetch" in rest  # no value: those that begin with a dash are left to click
    return None if asked is None else (Settings(directory, None, "auto", 0, color, fetch), asked)


def _options(rest: Sequence[str]) -> Listing | None:
    found: dict[str, Any] = {}
    images: list[str] = []
    words = iter(rest)
    for word in words:
        name, equals, value = word.partition("=")
        if not word.startswith("-") and word:
            images.append(word)
        elif word in _FLAGS:
            found |= {_FLAGS[word]: True} if _FLAGS[word] else {}
        elif not (name in _TEXT or name in _CHOICE) or not _take(found, name, value if equals else next(words, "-")):
            return None
    return Listing(images=tuple(images), **found)


def _take(found: dict[str, Any], name: str, value: str) -> bool:
    """Note the value of an option, unless only click can say what it means."""
    if value.startswith("-"):
        return False
    if name in _TEXT:
        found[_TEXT[name]] = value
        return True
    key, choices = _CHOICE[name]
    found[key] = value
    return value in choices
