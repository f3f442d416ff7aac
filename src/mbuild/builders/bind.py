"""Binds parents by content tag in the copy of a Dockerfile that is sent: for builders that know no named contexts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mbuild.builders.protocol import BuildRequest
from mbuild.builders.sending import hidden_name, is_visible, own_path
from mbuild.dockerfile.model import FolderContext, ParentImage
from mbuild.values import dataclass

IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What to send: the Dockerfile's path in the tar, files to add, and whether only the classic builder will do."""

    dockerfile: str
    extra: tuple[tuple[str, bytes], ...] = ()
    classic: bool = False


def pack(request: BuildRequest) -> Parcel | None:
    """Return how to send an image so that no instruction sees the Dockerfile's copy; None where that cannot be.

    The classic builder removes from the context what ``.dockerignore`` names, that file included, before its first step
    (moby ``builder/remotecontext/detect.go``), so there even ``COPY . .`` can be kept from seeing it.
    """
    bound, own, name = bind_parents(request), own_path(request), hidden_name(request)
    if bound is None:
        return None
    if own is not None and bound == request.dockerfile:
        return Parcel(own)
    if not is_visible(request, name):
        return Parcel(name, ((name, bound),))
    if any(_relative(request, each.path) == IGNORE_FILE for each in request.context.entries):
        return None
    ignore = f"{name}\n{IGNORE_FILE}\n".encode()
    return Parcel(name, ((name, bound), (IGNORE_FILE, ignore)), classic=True)


def _relative(request: BuildRequest, path: str) -> str:
    return path[len(request.context.root) + 1 :] if request.context.root else path


def bind_parents(request: BuildRequest) -> bytes | None:
    """Return the Dockerfile with every FROM and ``--from`` of an in-repo parent naming the parent's content tag.

    Each name is replaced in place, so line numbers stay true. None where a name cannot be found as it is meant, e.g.
    when it comes from a variable in the middle of a word.
    """
    lines = request.dockerfile.decode("utf-8", "surrogateescape").split("\n")
    for start, name, kind in _references(request):
        tag = request.parents[name]
        changed = next(
            ((at, text) for at, text in _candidates(lines, start, name, tag, kind) if text != lines[at]), None
        )
        if changed is None:
            return None
        lines[changed[0]] = changed[1]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _references(request: BuildRequest) -> list[tuple[int, str, str]]:
    """Return (line, name, kind) of every use of a parent, each once."""
    return sorted(
        {
            (reference.where.line, reference.name, reference.kind)
            for recipe in request.recipes
            for reference, resolved in recipe.references
            if isinstance(resolved, ParentImage | FolderContext) and reference.name in request.parents
        }
    )


def _candidates(lines: list[str], start: int, name: str, tag: str, kind: str) -> Iterator[tuple[int, str]]:
    """Yield (index, new text) of the instruction's lines, the first one first; a continued line is part of it."""
    for at in range(start - 1, len(lines)):
        if at >= start and (not lines[at].strip() or lines[at].lstrip().startswith("#")):
            continue  # comments and blank lines may stand inside a continuation
        yield at, _replace(lines[at], name, tag, kind, first=at == start - 1)
        if not lines[at].rstrip().endswith(("\\", "`")):
            return


def _replace(line: str, name: str, tag: str, kind: str, *, first: bool) -> str:
    if kind == "from":
        # The image is the first word that is no flag; where FROM is continued, it stands alone or before AS.
        head = r"(\s*FROM\s+(?:--\S+\s+)*)" if first else r"(\s*(?:--\S+\s+)*)"
        return re.sub(rf"(?i)^{head}(?!--)([^\s\\`]+)", lambda match: f"{match[1]}{tag}", line, count=1)
    value = rf"(\bfrom=)([\"']?){re.escape(name)}(?=[\"',\s\\]|$)"
    return re.sub(value, lambda match: f"{match[1]}{match[2]}{tag}", line)
