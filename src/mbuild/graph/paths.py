"""Paths of a tree, from the git root: which lies in which. Pure."""

from __future__ import annotations


def lies_in(folder: str, path: str) -> bool:
    """Tell whether a path is a folder or lies in it; "" is the git root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def joined(*parts: str) -> str:
    """Return paths one below the other as one; "" is the git root."""
    return "/".join(each for each in parts if each)


def inside(folder: str, path: str) -> str:
    """Return a path relative to a folder that it lies in."""
    return path[len(folder) + 1 :] if folder else path
