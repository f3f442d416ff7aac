"""CI runners that read what is printed and act on it: which one is there, and text that must mean nothing to it.

What a repository holds (names of files, what a RUN step writes) may come from a stranger's pull request. GitHub's
runner acts on lines that begin with ``::``, and on ``##[`` anywhere; Azure's on ``##[`` and ``##vso[``; TeamCity on
``##teamcity[``. A line ends at ``\\r`` too: that is how .NET's ``ReadLine`` has it, by which GitHub's and Azure's read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

_SIGNS = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab", "TF_BUILD": "azure", "TEAMCITY_VERSION": "teamcity"}


def runner(environ: Mapping[str, str]) -> str:
    """Return ``github``, ``gitlab``, ``azure`` or ``teamcity``, by the variable each one sets; "" for none."""
    return next((name for sign, name in _SIGNS.items() if environ.get(sign)), "")


def disarmed(text: str) -> str:
    """Return text with the beginnings of commands escaped as unprintable characters are: ``\\x23#[error]``."""
    text = re.sub(r"#(?=#[A-Za-z]*\[)", r"\\x23", text)
    return re.sub(r"((?:^|\r)[^\S\r\n]*):(?=:)", r"\1\\x3a", text, flags=re.MULTILINE)


def harmless_json(text: str) -> str:
    """Return JSON that means the same: two ``#`` may begin a command of a CI runner that reads along."""
    return text.replace("##", "#\\u0023")


class Guarded:
    """A stream on which nothing that is written becomes a command; its own commands go to ``unguarded``."""

    def __init__(self, stream: TextIO) -> None:
        """Guard this stream."""
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text, disarmed."""
        self.stream.write(disarmed(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines, disarmed."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def unguarded(stream: Any) -> Any:
    """Return the stream to which commands are written."""
    return stream.stream if isinstance(stream, Guarded) else stream
