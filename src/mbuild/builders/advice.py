"""What to do about some errors of BuildKit's that say only what it met. Pure."""

from __future__ import annotations

import re

from mbuild.builders.protocol import BuildRequest
from mbuild.errors import printable

_LOST = re.compile(r"failed to prepare sha256:[0-9a-f]+ as \S+: .*no such file or directory")


def on_parent(error: str, request: BuildRequest) -> tuple[str, ...]:
    """Return what to do when a parent that was just built is not found: only the engine's own builder looks there."""
    if not any(tag in error for tag in request.parents.values()):
        return ()
    return (
        "this buildx builder does not see the engine's images: docker buildx use default",
        "or let it find them in the registry: --push",
    )


def on_names(error: str, request: BuildRequest) -> tuple[str, ...]:
    """Return what to do about names that are not UTF-8.

    In BuildKit's messages names are protobuf's ``string``; what newer ones are made with refuses those that are not.
    """
    if "invalid UTF-8" not in error:
        return ()
    sources = (request.context, *request.folders.values())
    odd = next((each.path for source in sources for each in source.entries if not _is_utf8(each.path)), None)
    if odd is None:
        return ()
    return (
        f"the name of {printable(odd)} is not UTF-8, and this engine's BuildKit takes no such names",
        "leave it out by an ignore file, rename it, or send it in a tar: --builder docker",
    )


def on_lost_layer(error: str) -> tuple[str, ...]:
    """Return what to do when the engine has lost the files of an image that it lists, and from which this one is made.

    That is a fault of its store (issue 5469 of moby/buildkit). BuildKit would make the image of the same lost files
    again, so its cache has to go as well, which has the layer for as long as any image has it.
    """
    if not _LOST.search(error):
        return ()
    return (
        "the engine has lost files of the image that this one is made from: its store is damaged, not the Dockerfile",
        "docker system prune --all makes it forget them, and everything else that no container uses; then build again",
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
