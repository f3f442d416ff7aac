"""Gets a command that plans ready for what comes next, while something else is waited for. Imports nothing of click."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from mbuild.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from mbuild.builders.early import Early


def get_ready(early: Early, builder: str | None, config: Path | None, *, long: bool) -> None:
    """Do what comes next in any case, which takes a tenth of a second: git takes longer for a work tree.

    builder: as asked for, None where that is left to build.yaml, which is config.
    long:    there is time for what is needed only where something is affected, too.
    """
    for module in ("mbuild.cli.building", "mbuild.builders.auto", "mbuild.graph.measuring", "mbuild.graph.inputs"):
        import_module(module)
    if not _needs_none(builder, config):
        early.begin(listing=long)


def _needs_none(builder: str | None, config: Path | None) -> bool:
    """Tell whether no engine may be needed. To read build.yaml properly takes longer than to connect a little later."""
    if builder is not None or config is None:
        return builder == "oci"
    from mbuild.config.find import read

    try:
        return re.search(rb"\boci\b", read(config)) is not None
    except ConfigError:
        return False  # said by whoever reads it next
