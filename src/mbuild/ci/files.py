"""Files that a provider's variables name: read once, of a bounded size, with one clear line for what is wrong."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from typing import Any

from mbuild.errors import GitError, printable

MOST_BYTES = 32 << 20
"""GitHub's own limit for what it sends is 25 MB (docs.github.com, webhook events and payloads)."""

Read = Callable[[str], bytes]
"""Returns a file's content. Raises OSError, and GitError for what is no file or too big."""

_LONGEST = 4096
"""How much of a path is shown: the most that Linux takes for one (PATH_MAX in its limits.h)."""

_LINE = re.compile(r"^\s*([^#!=:\s]+?)\s*[=:]\s*(.*)$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")


def read_file(path: str) -> bytes:
    """Return the content of a regular file: no FIFO is waited for."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError as error:  # a NUL, or half a character
        raise GitError(f"{_shown(path)} is no path") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise GitError(f"{_shown(path)} is no regular file")
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise GitError(f"{_shown(path)} is bigger than {MOST_BYTES >> 20} MB")
    return found


def json_file(path: str, read: Read) -> dict[str, Any]:
    """Return the object in a JSON file. Raises GitError, also where the file is not there."""
    try:
        found = json.loads(read(path))
    except OSError as error:
        raise GitError(f"{_shown(path)}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise GitError(f"{_shown(path)}: the event file is not JSON: {printable(why[:200])}") from error
    if not isinstance(found, dict):
        raise GitError(f"{_shown(path)}: the event file holds no JSON object")
    return found


def properties_file(path: str, read: Read) -> dict[str, str]:
    """Return what a file of Java properties says, one ``KEY=VALUE`` on a line (java.util.Properties.load)."""
    try:
        text = read(path).decode("latin-1")
    except OSError as error:
        raise GitError(f"{_shown(path)}: {error.strerror}") from error
    return {_plain(key): _plain(value.rstrip("\r")) for key, value in _LINE.findall(text)}


def _plain(text: str) -> str:
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    # Java writes what is beyond 16 bits as two halves.
    return plain if plain.isascii() else plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _shown(path: str) -> str:
    return printable(path[:_LONGEST])
