"""Binds parents by content tag in the copy of a Dockerfile that is sent: for builders that know no named contexts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mbuild.builders.protocol import BuildRequest
from mbuild.dockerfile.model import ParentImage, Recipe


def bind_parents(request: BuildRequest) -> bytes:
    """Return the Dockerfile with every FROM and ``--from`` of an in-repo parent naming the parent's content tag.

    Only the lines that the recipe knows as such are changed, each in place, so line numbers stay true.
    """
    lines = request.dockerfile.split(b"\n")
    for recipe in request.recipes:
        for line, name, tag in _bindings(recipe, request.parents):
            lines[line - 1] = _replace(lines[line - 1], name, tag)
    return b"\n".join(lines)


def _bindings(recipe: Recipe, parents: Mapping[str, str]) -> list[tuple[int, str, str]]:
    return [
        (reference.where.line, reference.name, parents[reference.name])
        for reference, resolved in recipe.references
        if isinstance(resolved, ParentImage) and reference.name in parents
    ]


def _replace(line: bytes, name: str, tag: str) -> bytes:
    """Replace the reference in one line: the last word of FROM (before AS), the value of ``--from=`` or of ``from=``."""
    text = line.decode("utf-8", "surrogateescape")
    found = re.match(r"(?i)^(\s*FROM\s+(?:--\S+\s+)*)(\S+)(.*)$", text)
    if found:
        text = f"{found[1]}{tag}{found[3]}"
    else:
        text = re.sub(rf"(\bfrom=)([\"']?){re.escape(name)}(?=[\"',\s]|$)", lambda match: f"{match[1]}{match[2]}{tag}", text)
    return text.encode("utf-8", "surrogateescape")
