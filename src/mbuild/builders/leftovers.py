"""What a build keeps outside of its result while it goes on, and what removes that after a run that was killed.

It carries the mark of its work tree (``Builder.test``): whoever holds the lock of that knows that it is nobody's now.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.errors import EnvironmentFault

if TYPE_CHECKING:
    from mbuild.builders.engine import Engine

_CONTEXTS = "mbuild/context"


def context_name(owner: str, digest: str) -> str:
    """Return a name for an image that is a folder for one build, which is that build's alone."""
    return f"{_CONTEXTS}:{_begins(owner)}{digest.removeprefix('sha256:')[:20]}-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def scratch(owner: str) -> Iterator[tuple[Path, int]]:
    """Yield a folder for one build, and a descriptor of it that the build's client is to inherit.

    The client may live on when this process is killed. Were its context removed then, it would send what is left of it
    (fsutil ``fs.go`` passes over what is gone): the folder is locked for as long as anybody has it open.
    """
    with tempfile.TemporaryDirectory(prefix=f"mbuild-{_begins(owner)}", ignore_cleanup_errors=True) as folder:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):  # where there are no locks, nobody will remove it either
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(folder), descriptor
        finally:
            os.close(descriptor)


def clear(engine: Engine, owner: str) -> bool:
    """Remove what is left of this owner's builds and tests; tells whether that is all gone. Nothing is raised."""
    if not owner:
        return False
    try:
        engine.clear(owner)
        for name in engine.names():
            if name.startswith(f"{_CONTEXTS}:{_begins(owner)}"):
                engine.untag(name)
    except EnvironmentFault:
        return False
    folders = Path(tempfile.gettempdir()).glob(f"mbuild-{_begins(owner)}*")
    return list(map(_is_removed, folders)).count(False) == 0


def _begins(owner: str) -> str:
    return f"{owner}-" if owner else ""


def _is_removed(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
