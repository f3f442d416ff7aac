"""Removing the state of a repository."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from mbuild.store.lock import Holder, held


def clean(folder: Path) -> None:
    """Remove a state folder. Raises LockedError while an mbuild builds in a work tree of the repository, or OSError."""
    if not folder.is_dir():
        return
    me = Holder(os.getpid(), "mbuild state clean", int(time.time()))
    with contextlib.ExitStack() as locks:
        for lock in sorted(folder.glob("*.lock")):
            locks.enter_context(held(lock, me, wait=False, waiting=lambda holder: None))  # noqa: ARG005
        # The locks go while they are held: whoever waits for one sees that it is gone and makes a new one.
        for each in sorted(folder.iterdir()):
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # a run that began meanwhile has made its lock here
        folder.rmdir()
