"""Binds parents by content tag in the copy of a Dockerfile that is sent: for builders that know no named contexts."""

from __future__ import annotations

import re

from mbuild.builders.protocol import BuildRequest
from mbuild.builders.sending import hidden_name, is_visible, own_path
from mbuild.builders.spots import spots
from mbuild.dockerfile.parser import read
from mbuild.references import context_key
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

    Only the name itself is replaced, in its place, so line numbers stay true. None where a name cannot be found as it
    is meant, e.g. when a trigger of a base uses it.
    """
    references = _references(request)
    if not references:
        return request.dockerfile
    view = request.dockerfile.decode("latin-1")
    escape = read(request.dockerfile, request.dockerfile_path)[0].escape
    begins = [0, *(found.end() for found in re.finditer("\n", view))]
    edits: dict[int, str] = {}
    for line, name, kind, tag in references:
        found = spots(view, begins[line - 1], escape, name, kind)
        # What a FROM with variables says may depend on the platform: one name cannot stand for both.
        if not found or any(edits.get(spot[-1], tag) != tag for spot in found):
            return None
        for spot in found:
            # On the last line of several: if that were left empty, the next instruction would continue this one.
            edits |= {**dict.fromkeys(spot, ""), spot[-1]: tag}
    return "".join(edits.get(at, each) for at, each in enumerate(view)).encode("latin-1")


def _references(request: BuildRequest) -> list[tuple[int, str, str, str]]:
    """Return (line, name, kind, tag) of every use of a parent, each once."""
    tags = {context_key(name): tag for name, tag in request.parents.items()}
    return sorted(
        {
            (reference.where.line, reference.name, reference.kind, tags[key])
            for recipe in request.recipes
            for reference, _ in recipe.references
            if (key := context_key(reference.name)) in tags
        }
    )
