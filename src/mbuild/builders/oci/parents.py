"""``--parents`` and ``--exclude``: patterns over what is below a source (moby/patternmatcher)."""

from __future__ import annotations

import posixpath

from mbuild.builders.oci.copying import Fits, Rules, copy_path
from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.nodes import FileSystemError
from mbuild.builders.oci.patterns import expand, has_wildcards
from mbuild.dockerfile.gotext import SPACE, clean_path
from mbuild.values import replace


def copy_parents(files: FileSystem, word: str, target: FileSystem, dest: str, rules: Rules) -> None:
    """Copy what a pattern names with its folders, from the root or from the ``/./`` on (``convert_copy.go``)."""
    above, pivot, pattern = word.partition("/./")
    if not pivot:
        above, pattern = "/", word
    pattern = posixpath.normpath("/" + pattern).lstrip("/")
    named = posixpath.join("/", above, pattern)
    if not has_wildcards(named) and files.follow(named) is None:
        raise FileSystemError(f"{named}: not found")
    chosen = replace(rules, included=matcher((pattern,)))
    for path in expand(files, above):
        copy_path(files, path, target, dest, chosen)


def matcher(patterns: tuple[str, ...]) -> Fits | None:
    """Return what tells whether a path or a folder above it fits one of these patterns, None without patterns."""
    from mbuild.dockerfile.ignore import IgnoreLine, IgnoreMatcher

    trimmed = [pattern.strip(SPACE) for pattern in patterns]
    lines = tuple(IgnoreLine(clean_path(pattern), at) for at, pattern in enumerate(trimmed, 1) if pattern)
    return IgnoreMatcher(lines).ignored if lines else None
