"""Holds the work tree's lock for a command that builds, until the command ends."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mbuild.cli.boundary import print_problems
from mbuild.cli.settings import Settings
from mbuild.errors import Problem
from mbuild.store.lock import Holder, described, held, left, mark
from mbuild.store.place import lock_file, state_folder

if TYPE_CHECKING:
    from mbuild.app.workspace import Workspace
    from mbuild.builders.protocol import Builder


def hold(workspace: Workspace, settings: Settings, *, wait: bool) -> None:
    """Hold the lock until click's command ends. Raises LockedError when another holds it and ``wait`` is false."""
    path = _lock_file(workspace)
    context = click.get_current_context()
    try:
        context.with_resource(_lock(path, wait, _say_as_event if settings.progress == "json" else _say))
    except OSError as error:
        why = f"{path}: {error.strerror}"
        hint = "MBUILD_STATE_DIR names a folder that can be written to"
        print_problems(
            [Problem(f"no lock keeps another mbuild out of this work tree: {why}", hints=(hint,))], "warning"
        )


def clear(workspace: Workspace, builder: Builder) -> None:
    """Remove what runs in this work tree left that were killed. Where none was, nobody is asked anything."""
    path = _lock_file(workspace)
    if left(path).exists() and builder.clear(owner(workspace)):
        left(path).unlink(missing_ok=True)


def owner(workspace: Workspace) -> str:
    """Return what tells the builds and tests of this work tree from all others that use the same engine.

    Whoever holds the lock may take what carries it for left over. "" where nothing can be kept beside the lock.
    """
    return mark(_lock_file(workspace).with_suffix(".owner"))


def _lock_file(workspace: Workspace) -> Path:
    return lock_file(state_folder(workspace.environ, workspace.repository.common_dir), workspace.repository.top)


def _lock(path: Path, wait: bool, say: Callable[[Holder | None], None]) -> AbstractContextManager[None]:
    me = Holder(os.getpid(), " ".join(["mbuild", *sys.argv[1:]]), int(time.time()))
    return held(path, me, wait=wait, waiting=say)


def _say(holder: Holder | None) -> None:
    print_problems([Problem(f"waiting for {described(holder)}")], "note")


def _say_as_event(holder: Holder | None) -> None:
    sys.stderr.write(json.dumps({"event": "waiting", **(asdict(holder) if holder else {})}) + "\n")
    sys.stderr.flush()
