"""Values from outside: a fork's pull request names its branches, and much of an event file is written by anyone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mbuild.errors import GitError, printable

_ID = re.compile(r"[0-9a-f]{7,64}")
_LONGEST = 1000

# git-check-ref-format(1): what no ref can hold. A dash at the start would be legal, and an option to many programs.
# Surrogates that do not stand for a byte that is not UTF-8 are half a character: nothing can be called so.
_NO_REF = re.compile(
    r"[\ud800-\udc7f\udd00-\udfff\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-+/.]|/\.|\.lock(?:/|$)|[/.]$|^@$"
)


class Values:
    """Texts by name, checked as they are taken. Names are shown in messages."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take the environment, or what was found in a file."""
        self._texts = texts

    def text(self, name: str) -> str:
        """Return a value as it is; "" where there is none."""
        return self._texts.get(name, "")

    def commit(self, name: str) -> str:
        """Return a commit id, "" where there is none or all are zeros. Raises GitError for anything else."""
        return commit(name, self.text(name))

    def branch(self, name: str) -> str:
        """Return a branch's name without ``refs/heads/``, "" where there is none. Raises GitError."""
        return ref(name, self.text(name).removeprefix("refs/heads/"))

    def tag(self, name: str) -> str:
        """Return a tag's name without ``refs/tags/``, "" where there is none. Raises GitError."""
        return ref(name, self.text(name).removeprefix("refs/tags/"))


def commit(name: str, text: str) -> str:
    """Return a commit id, "" for nothing and for zeros. Raises GitError, naming where it was found."""
    if text and not _ID.fullmatch(text):
        raise _wrong(name, text, "commit id")
    return text if text.strip("0") else ""


def ref(name: str, text: str) -> str:
    """Return the name of a branch or tag. Raises GitError for what git could not have named so."""
    if text and not is_name(text):
        raise _wrong(name, text, "name of a branch or tag")
    return text


def is_name(text: str) -> bool:
    """Whether a branch or tag can be called so, and no program takes it for an option."""
    return 0 < len(text) <= _LONGEST and not _NO_REF.search(text)


def _wrong(name: str, text: str, what: str) -> GitError:
    return GitError(f"{name}: '{printable(text[:60])}' is no {what}", "name what to compare with: --base REF")


def within(value: Any, *keys: str) -> str:
    """Return the text at a place in JSON, "" where there is none."""
    for key in keys:
        if not isinstance(value, dict):
            return ""
        value = value.get(key)
    return value if isinstance(value, str) else ""
