"""``mbuild affected`` without ``--list``: plans what a change affects, and builds it. Imports nothing of click."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mbuild.builders.early import Early
from mbuild.cli.answering import question
from mbuild.cli.looking import look_ahead, open_building, open_looking
from mbuild.cli.readying import get_ready
from mbuild.cli.settings import BuildOptions, Comparing, Settings

if TYPE_CHECKING:
    from mbuild.app.question import Answer
    from mbuild.app.workspace import Workspace


def run(settings: Settings, asked: Comparing, options: Mapping[str, Any]) -> int:
    """Plan, then show the plan or build. Returns the exit code. options: fields of ``job.BuildOptions``."""
    looking = bool(options.get("dry_run"))
    platforms = options.get("platforms", ())
    if looking:
        workspace = open_looking(settings, platforms, look_ahead(settings, asked.base, asked.head), head=asked.head)
    else:
        from mbuild.cli.locking import hold

        # Refs are resolved behind this: they may move while another run is waited for.
        workspace = open_building(settings, platforms, head=asked.head)
        hold(workspace, settings, wait=options["wait"])
    with contextlib.closing(Early()) as early:
        answer = question(
            workspace,
            base=asked.base,
            head=asked.head,
            missing_base=asked.missing_base,
            meanwhile=lambda long: get_ready(early, options.get("builder"), workspace.config, long=long),
        )
        code = _go(settings, workspace, answer, asked, options, early)
    return 1 if asked.exit_code and looking and code == 0 and answer.reasons_of(asked.images) else code


def _go(
    settings: Settings, workspace: Workspace, answer: Answer, asked: Comparing, options: Mapping[str, Any], early: Early
) -> int:
    from mbuild.cli.building import work
    from mbuild.cli.job import Wanted

    reasons, removed = answer.reasons_of(asked.images), answer.affected.removed
    wanted = Wanted("affected", answer.snapshot, reasons, answer.head, answer.base, answer.unowned, removed)
    return work(settings, workspace, wanted, BuildOptions(**options), early)
