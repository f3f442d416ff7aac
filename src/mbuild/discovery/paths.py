"""Paths as compose, bake and skaffold files write them. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mbuild.passed import placed
from mbuild.references import NameProblem
from mbuild.tree import Tree, follow_folder, follow_inside

# What BuildKit's frontend takes for a remote context (buildx ``build.IsRemoteURL``, ``util/gitutil``).
_REMOTE = re.compile("[A-Za-z][A-Za-z0-9+.-]*://|git@|github\\.com/")


_VARIANT = re.compile(
    r"(?:Dockerfile|Containerfile)[-._](?P<after>.+)|(?P<before>.+)[-._](?:Dockerfile|Containerfile)", re.IGNORECASE
)


def is_remote(written: str) -> bool:
    """Return whether a context is a URL instead of a folder."""
    return _REMOTE.match(written) is not None


def beside(folder: str, file: str) -> str:
    """Return where a file is that need not lie in the repository: absolute and home paths as written."""
    return file if file.startswith(("/", "~")) else posixpath.normpath(posixpath.join(folder, file))


def moved_cache(text: str, folder: str) -> str:
    """Return the description of a cache whose paths are relative to a folder; what is none is left as it is."""
    try:
        return placed(text, lambda path: beside(folder, path)) if "=" in text else text
    except NameProblem:
        return text


def joined(folder: str, written: str) -> str | None:
    """Return the path from the git root of one written relative to a folder; None where it lies outside."""
    if written.startswith(("/", "~")) or "\\" in written or "\0" in written:
        return None
    path = posixpath.normpath(posixpath.join(folder, written))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def parent(path: str) -> str:
    """Return the folder that a path lies in."""
    return posixpath.dirname(path)


def base(path: str) -> str:
    """Return the last part of a path."""
    return posixpath.basename(path)


def ancestors(folder: str) -> tuple[str, ...]:
    """Return a folder and those above it, the git root last."""
    parts = folder.split("/") if folder else []
    return tuple("/".join(parts[:count]) for count in range(len(parts), -1, -1))


def variant_of(file: str) -> str:
    """Return what the name of a Dockerfile says besides that it is one, "" for nothing."""
    match = _VARIANT.fullmatch(file)
    return (match["after"] or match["before"]) if match else ""


def names_and_tags(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Yield each name and tag of an image that the path of its Dockerfile may say: of ``NAME/TAG``, ``TAG/NAME``,
    ``NAME/TAG/TAG`` or ``NAME/Dockerfile.TAG``.
    """
    *folders, file = dockerfile.split("/")
    label = "" if file == "Dockerfile" else variant_of(file)
    end = f"-{label}" if label else ""
    if label and folders:
        yield folders[-1], label
    if len(folders) > 1:
        yield folders[-2], folders[-1] + end
        yield folders[-1], folders[-2] + end
    if len(folders) > 2:
        yield folders[-3], f"{folders[-2]}-{folders[-1]}{end}"


def relative(path: str, folder: str) -> str:
    """Return a path relative to a folder, ``.`` for the folder itself."""
    return posixpath.relpath(path or ".", folder or ".")


def is_folder(tree: Tree, path: str) -> bool:
    """Return whether a folder is there, also behind links."""
    return not path or follow_folder(tree, path) is not None


def dockerfile_at(tree: Tree, path: str) -> str | None:
    """Return the Dockerfile that BuildKit takes for a path: ``dockerfile`` where there is no ``Dockerfile``; or None.

    BuildKit ``frontend/dockerui/config.go``: ReadEntrypoint.
    """
    lower = posixpath.join(parent(path), "dockerfile")
    names = (path, lower) if base(path) == "Dockerfile" else (path,)
    return next((each for each in names if follow_inside(tree, each)[1] is not None), None)


def is_text(text: str) -> bool:
    """Return whether a text is UTF-8 without a zero byte, so that a YAML file can hold it."""
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)
