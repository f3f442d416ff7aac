"""Where a Dockerfile can lie inside a context tar without any instruction seeing it."""

from __future__ import annotations

import hashlib

from mbuild.builders.protocol import BuildRequest
from mbuild.context.select import reader_of
from mbuild.tree import FILE, Entry, decode
from mbuild.values import replace


def hidden_name(request: BuildRequest) -> str:
    """Return a name at the root of the context that no user would choose and that is the same on every run."""
    return f".mbuild-{hashlib.sha256(request.image.encode()).hexdigest()[:16]}.Dockerfile"


def own_path(request: BuildRequest) -> str | None:
    """Return the Dockerfile's path inside the context when it is one of its entries, as it is to be read."""
    if request.is_bound:
        return None
    root = request.context.root
    inside = request.dockerfile_path[len(root) + 1 :] if root else request.dockerfile_path
    if root and not request.dockerfile_path.startswith(f"{root}/"):
        return None
    return inside if any(each.path == request.dockerfile_path for each in request.context.entries) else None


def is_visible(request: BuildRequest, path: str) -> bool:
    """Whether some instruction would read this path if it were in the context, through a link or by itself."""
    reads = tuple(read for recipe in request.recipes for read in recipe.reads if not read.context)
    source = request.context
    if not any(each.is_link for each in source.entries):
        return bool(reader_of(path, reads))
    cut = len(source.root) + 1 if source.root else 0
    there = {each.path[cut:]: each for each in source.entries}
    listing = sorted([*there, path])
    found = [replace(there[each], path=each) if each in there else Entry(each, FILE, "") for each in listing]
    return bool(reader_of(path, reads, found, lambda each: decode(source.tree.read(there[each.path]))))


def dockerfile_in_tar(request: BuildRequest) -> tuple[str, tuple[tuple[str, bytes], ...]] | None:
    """Return (path of the Dockerfile in the tar, files to add to the tar), or None where adding it would be seen."""
    inside = own_path(request)
    if inside is not None:
        return inside, ()
    name = hidden_name(request)
    return None if is_visible(request, name) else (name, ((name, request.dockerfile),))
