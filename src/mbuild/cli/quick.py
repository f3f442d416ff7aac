"""The command lines that machines ask most, read without click: to import it takes longer than to answer them.

Only what is certain is read here. Anything else (another command, an option that is not in the table, a value that
could be an option, help, a mistake) is None, and click reads all of it: there is one source of help and errors.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mbuild.cli.settings import OWN_FORMATS, BuildOptions, Comparing, Listing, Settings
from mbuild.values import dataclass

_TEXT = {"--base": "base", "--head": "head"}
_CHOICE: Mapping[str, tuple[str, Sequence[str]]] = {
    "--format": ("format_", OWN_FORMATS),
    "--missing-base": ("missing_base", ("error", "all")),
}
_PLANNED = {**_CHOICE, "--builder": ("builder", ("auto", "buildx", "docker", "oci"))}
_FLAGS = {"--fetch": "", "--exit-code": "exit_code"}


@dataclass(frozen=True, slots=True)
class Planning:
    """What ``affected --dry-run`` is asked. options: fields of ``job.BuildOptions``."""

    asked: Comparing
    options: Mapping[str, Any]


def read(argv: Sequence[str]) -> tuple[Settings, Listing | Planning] | None:
    """Return what ``[-C DIR] affected --list …`` or ``… --dry-run …`` asks for; None where click has to read it."""
    rest = list(argv)
    directory = Path()
    if rest[:1] == ["-C"] and len(rest) > 1 and not rest[1].startswith("-"):
        directory = Path(rest[1])
        del rest[:2]
    if rest[:1] != ["affected"] or "_MBUILD_COMPLETE" in os.environ:
        return None
    asked = _listing(rest[1:]) if "--list" in rest else _planning(rest[1:]) if "--dry-run" in rest else None
    color = not os.environ.get("NO_COLOR")
    fetch = "--fetch" in rest  # no value: those that begin with a dash are left to click
    return None if asked is None else (Settings(directory, None, "auto", 0, color, fetch), asked)


def run(settings: Settings, asked: Listing | Planning) -> int:
    """Answer what ``read`` has read. Returns the exit code."""
    if isinstance(asked, Listing):
        from mbuild.cli import listing

        return listing.show(settings, asked)
    from mbuild.cli import affecting

    return affecting.run(settings, asked.asked, asked.options)


def _listing(rest: Sequence[str]) -> Listing | None:
    found = _options(rest, _FLAGS | {"--list": ""}, _CHOICE)
    if found is None:
        return None
    options = BuildOptions(format_=found.pop("format_", "text"))
    return Listing(**found, options=options)


def _planning(rest: Sequence[str]) -> Planning | None:
    found = _options(rest, _FLAGS | {"--dry-run": "dry_run"}, _PLANNED)
    if found is None:
        return None
    planned = found.keys() & {"dry_run", "format_", "builder"}
    options = {key: found.pop(key) for key in planned}
    return Planning(Comparing(**found), options)


def _options(
    rest: Sequence[str], flags: Mapping[str, str], choices: Mapping[str, tuple[str, Sequence[str]]]
) -> dict[str, Any] | None:
    """Return the values of options and the images, None where click has to read them.

    flags: by option, the field that it sets, "" for none. choices: by option, its field and the values that it takes.
    """
    found: dict[str, Any] = {}
    images: list[str] = []
    words = iter(rest)
    for word in words:
        name, equals, value = word.partition("=")
        if not word.startswith("-") and word:
            images.append(word)
        elif word in flags:
            found |= {flags[word]: True} if flags[word] else {}
        elif name in _TEXT or name in choices:
            value = value if equals else next(words, "-")
            key, allowed = choices.get(name) or (_TEXT[name], [value])
            if value.startswith("-") or value not in allowed:
                return None  # only click can say what it means
            found[key] = value
        else:
            return None
    return found | {"images": tuple(images)}
