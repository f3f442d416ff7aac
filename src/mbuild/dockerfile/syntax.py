"""The `# syntax=` directive: which frontend reads the file, and whether its language is the one known here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mbuild.dockerfile.model import Dockerfile, Doubt, Read, Reference
from mbuild.errors import Where

_OFFICIAL = re.compile(
    r"(?:(?:index\.)?docker\.io/)?docker/dockerfile(-upstream)?(?::([\w.-]+))?(?:@sha256:[0-9a-f]+)?"
)


def syntax_of(file: Dockerfile, args: Mapping[str, str]) -> str | None:
    """Return the frontend image: the build argument BUILDKIT_SYNTAX wins over the directive."""
    return args.get("BUILDKIT_SYNTAX") or file.syntax


def syntax_doubts(file: Dockerfile, args: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Return a doubt when another frontend than Docker's own reads the file: it may be any language."""
    syntax = syntax_of(file, args)
    if not syntax or _OFFICIAL.fullmatch(syntax.split()[0]):
        return ()
    reason = f"the frontend {syntax} is not docker/dockerfile: what it reads is not known"
    return (Doubt(reason, Where(file.path, file.syntax_line)),)


def frontend(file: Dockerfile, args: Mapping[str, str]) -> Reference:
    """Return the image of the frontend of a file that has one; words behind its name are the frontend's business."""
    syntax = syntax_of(file, args)
    assert syntax
    return Reference(syntax.split()[0], "syntax", Where(file.path, file.syntax_line))


def unknown_reads(doubts: Iterable[Doubt]) -> tuple[Read, ...]:
    """Return the reads of a file in an unknown language: all of the context."""
    return tuple(Read("", "FROM", ("/",), doubt.where) for doubt in doubts)


def is_experimental(syntax: str | None) -> bool:
    """Tell whether the frontend may know instructions that its stable releases refuse (labs, upstream, others)."""
    match = _OFFICIAL.fullmatch(syntax.split()[0]) if syntax else None
    return bool(syntax) and (match is None or bool(match[1]) or "labs" in (match[2] or ""))
