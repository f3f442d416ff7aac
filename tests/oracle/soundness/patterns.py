"""Wildcards and ignore files, written from their documentation, component by component and without expressions.

Wildcards: the page of Go's path/filepath.Match. Ignore files: the section on .dockerignore in Docker's documentation
and the page of moby/patternmatcher: the last pattern that fits a path or a folder above it decides (but see
``ignored``), and ``**`` stands for any number of folders.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=200_000)
def fits(pattern: str, name: str) -> bool:
    """Tell whether a name (one component) fits a pattern of filepath.Match."""
    if not pattern or (not name and pattern[0] != "*"):
        return pattern == name
    match pattern[0]:
        case "*":
            return any(fits(pattern[1:], name[at:]) for at in range(len(name) + 1))
        case "?":
            return fits(pattern[1:], name[1:])
        case "[":
            inside, rest = _bracket(pattern[1:])
            return inside(name[0]) and fits(rest, name[1:])
        case _:
            plain = pattern[1:] if pattern[0] == "\\" else pattern
            return plain[0] == name[0] and fits(plain[1:], name[1:])


class _Set:
    """The characters between brackets."""

    def __init__(self, ranges: Sequence[tuple[str, str]], negated: bool) -> None:
        self.ranges, self.negated = ranges, negated

    def __call__(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) != self.negated


def _bracket(text: str) -> tuple[_Set, str]:
    """Return the set of ``[…]`` and what is behind it; text: what is behind the ``[``."""
    negated = text.startswith("^")
    at = int(negated)
    ranges: list[tuple[str, str]] = []
    while not ranges or text[at] != "]":
        at += text[at] == "\\"
        low = high = text[at]
        at += 1
        if text[at] == "-":
            at += 1 + (text[at + 1] == "\\")
            high = text[at]
            at += 1
        ranges.append((low, high))
    return _Set(ranges, negated), text[at + 1 :]


def is_wild(component: str) -> bool:
    """Tell whether a component is a pattern."""
    return bool(set("*?[\\") & set(component))


def ignored(patterns: Sequence[str], path: str) -> bool:
    """Tell whether an ignore file with these lines keeps a path out of the context.

    Folders come before what is in them. A line that fits a folder goes for all below it; but one that would not have
    changed the verdict on the folder is not looked at there (an engine does just that: ``*``, ``!a/**``, ``a`` keeps
    the files of ``a``, although the last line that fits them says otherwise).
    """
    rules = [rule for rule in map(_rule, patterns) if rule]
    above = [False] * len(rules)
    verdict = False
    parts = tuple(path.split("/"))
    for length in range(1, len(parts) + 1):
        verdict = False
        for at, (keep, components) in enumerate(rules):
            above[at] = above[at] or (keep == verdict and _fit_all(components, parts[:length]))
            if above[at]:
                verdict = not keep
    return verdict


@lru_cache(maxsize=10_000)
def _rule(line: str) -> tuple[bool, tuple[str, ...]] | None:
    """Return whether a line begins with ``!``, and the components of its pattern; None for a comment."""
    pattern = line.strip()
    if not pattern or line.startswith("#"):
        return None
    keep = pattern.startswith("!")
    text = pattern[1:].strip() if keep else pattern
    components = tuple(clean(text))
    return (keep, components) if components else None


def clean(path: str) -> list[str]:
    """Return the components of a path by the rules of Go's path.Clean: from ``/``, out of which no path leads."""
    found: list[str] = []
    for each in path.split("/"):
        if each == "..":
            found = found[:-1]
        elif each not in ("", "."):
            found.append(each)
    return found


@lru_cache(maxsize=200_000)
def _fit_all(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] != "**":
        return bool(path) and fits(pattern[0], path[0]) and _fit_all(pattern[1:], path[1:])
    if len(pattern) == 1:
        return bool(path)
    return any(_fit_all(pattern[1:], path[at:]) for at in range(len(path) + 1))
