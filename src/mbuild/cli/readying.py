"""Gets a command that plans ready for what comes next, while something else is waited for. Imports nothing of click."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mbuild.builders.early import Early


def get_ready(early: Early, builder: str | None, *, long: bool) -> None:
    """Do what comes next in any case, which takes a tenth of a second: git takes longer for a work tree.

    long: there is time for what is needed only where something is affected, too.
    """
    for module in ("mbuild.cli.building", "mbuild.builders.auto", "mbuild.graph.measuring", "mbuild.graph.inputs"):
        import_module(module)
    if builder != "oci":
        early.begin(listing=long)
