"""Which paths a source of COPY or ADD with wildcards names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mbuild.builders.oci.filesystem import FileSystem, parts
from mbuild.builders.oci.nodes import Directory, FileSystemError
from mbuild.dockerfile.gomatch import PatternError, match


def has_wildcards(name: str) -> bool:
    """Tell whether a name has an unescaped ``*``, ``?`` or ``[`` (fsutil ``copy.go`` ``containsWildcards``)."""
    return bool(re.search(r"[*?\[]", re.sub(r"\\.", "", name, flags=re.DOTALL)))


def expand(fs: FileSystem, source: str) -> list[str]:
    """Return the paths that a COPY or ADD source names, sorted (fsutil ``copy.go`` ``ResolveWildcards``).

    A source without wildcards names itself. Below the part without wildcards, which may lead over links, links are not
    entered, and a folder that matches is taken whole. Raises FileSystemError when that first part does not exist.
    """
    names = parts(source)
    fixed = next((at for at, name in enumerate(names) if has_wildcards(name)), len(names))
    if fixed == len(names):
        return ["/" + "/".join(names)]
    base = fs.resolve("/" + "/".join(names[:fixed]))
    folder = fs.get(base)
    if folder is None:
        raise FileSystemError(f"/{'/'.join(names[:fixed])}: not found")
    if not isinstance(folder, Directory):
        return []
    pattern = "/".join(names[fixed:])
    # Only a class can match a slash, so without one the pattern says how deep its matches lie.
    depth = -1 if "[" in pattern else len(names) - fixed
    return [f"{base.rstrip('/')}/{found}" for found in _matches(folder, "", pattern, depth)]


def _matches(folder: Directory, prefix: str, pattern: str, depth: int) -> Iterator[str]:
    for name in sorted(folder.children):
        path, child = prefix + name, folder.children[name]
        if _fits(pattern, path):
            yield path
        elif isinstance(child, Directory) and depth != 1:
            yield from _matches(child, path + "/", pattern, depth - 1)


def _fits(pattern: str, path: str) -> bool:
    try:
        return match(pattern, path)
    except PatternError:
        return False
