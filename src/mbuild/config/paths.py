"""Paths of build.yaml: relative to its folder there, from the git root here. Pure."""

from __future__ import annotations

import posixpath
import re

from mbuild.references import NameProblem, quoted

# Most paths: no part of them is special, nor is there anything to normalise.
_PLAIN = re.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*+(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*+)*+")


def from_root(folder: str, written: str) -> str:
    """Return a path as written in the build.yaml of ``folder``, normalised, from the git root ("" being the root).

    Raises NameProblem when it is empty, absolute, not a local path, or leads out of the repository.
    """
    if _PLAIN.fullmatch(written):
        return f"{folder}/{written}" if folder else written
    if written == ".":
        return folder
    if not written:
        raise NameProblem("the path is empty", "write '.' for the folder of build.yaml")
    if "\\" in written:
        raise NameProblem(f"{quoted(written)} has a backslash", "write '/' between folders")
    if written.startswith("/") or re.match("[A-Za-z]:/", written):
        raise NameProblem(f"{quoted(written)} is absolute", "write it relative to the folder of build.yaml")
    if "://" in written or written.startswith("git@"):
        raise NameProblem(
            f"{quoted(written)} is not in this repository", "changes there cannot be seen; use 'contexts'"
        )
    return _inside(folder, written)


def file_from_root(folder: str, written: str) -> str:
    """Return the path of a file as ``from_root`` does; raises NameProblem when it can only be a folder."""
    path = from_root(folder, written)
    if not path or written.endswith("/"):
        raise NameProblem(f"{quoted(written)} is a folder", "name the file itself")
    return path


def _inside(folder: str, written: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, written))
    if path == ".." or path.startswith("../"):
        raise NameProblem(f"{quoted(written)} leads out of the repository", "copy what is needed into the repository")
    return "" if path == "." else path


def parent(path: str) -> str:
    """Return the folder that a path lies in."""
    return posixpath.dirname(path)


def secret_file(folder: str, written: str) -> str:
    """Return where a secret's file is: as written when absolute or below ``~``, else from the git root.

    Secrets are no inputs of an image and usually lie outside the repository, so the path may lead out of it.
    """
    if written.startswith(("/", "~/")):
        return written
    return posixpath.normpath(posixpath.join(folder, written))
