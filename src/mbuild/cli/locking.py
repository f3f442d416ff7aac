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
from mbuild.store.lock import Holder, described, held, mark
from mbuild.store.place import lock_file, state_folder

if TYPE_CHECKING:
    from mbuild.app.workspace import Workspace


def hold(workspace: Workspace, settings: Settings, *, wait: bool) -> None:
    """Hold the lock until click's command ends. Raises LockedError when another holds it and ``wait`` is false."""
    path = lock_file(state_folder(workspace.environ, workspace.repository.common_dir), workspace.repository.top)
    context = click.get_current_context()
    try:
        context.with_resource(_lock(path, wait, _say_as_event if settings.progress == "json" else _say))
    except OSError as error:
        why = f"{path}: {error.strerror}"
        hint = "MBUILD_STATE_DIR names a folder that can be written to"
        print_problems(
            [Problem(f"no lock keeps another mbuild out of this work tree: {why}", hints=(hint,))], "warning"
        )


def owner(workspace: Workspace) -> str:
    """Return what tells the tests of this work tree from all others that use the same engine.

    Whoever holds the lock may take what carries it for left over. "" where nothing can be kept beside the lock.
    """
    path = lock_file(state_folder(workspace.environ, workspace.repository.common_dir), workspace.repository.top)
    return mark(path.with_suffix(".owner"))


def _lock(path: Path, wait: bool, say: Callable[[Holder | None], None]) -> AbstractContextManager[None]:
    me = Holder(os.getpid(), " ".join(["mbuild", *sys.argv[1:]]), int(time.time()))
    return held(path, me, wait=wait, waiting=say)


def _say(holder: Holder | None) -> None:
    print_problems([Problem(f"waiting for {described(holder)}")], "note")


def _say_as_event(holder: Holder | None) -> None:
    sys.stderr.write(json.dumps({"event": "waiting", **(asdict(holder) if holder else {})}) + "\n")
    sys.stderr.flush()
