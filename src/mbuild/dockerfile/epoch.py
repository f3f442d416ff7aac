"""The argument SOURCE_DATE_EPOCH: a number of seconds, `context`, a named context, or a stage that is one remote ADD.

Rules: BuildKit `dockerfile2llb/epoch.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from mbuild.dockerfile.gitsource import is_remote
from mbuild.dockerfile.instructions import Command
from mbuild.dockerfile.refused import Problems, Refused
from mbuild.dockerfile.stages import SCRATCH, Node

NAME = "SOURCE_DATE_EPOCH"


def check_epoch(
    nodes: Iterable[Node],
    args: Mapping[str, str],
    shared: Mapping[str, str],
    is_context: Callable[[str], bool],
    problems: Problems,
) -> None:
    """Check the argument, when it is given or has a default before the first FROM.

    A stage that it cannot name is noted in the problems. Raises Refused for any other value.
    """
    text = args.get(NAME, shared.get(NAME, ""))
    if not text or text == "context" or re.fullmatch(r"[+-]?[0-9]+", text) or is_context(text):
        return
    for node in nodes:
        if node.name and node.name == text.lower():
            with problems.at(node.where):
                _check_stage(node)
            return
    raise Refused(f"{NAME} is a number of seconds, not '{text}'")


def _check_stage(node: Node) -> None:
    commands = [step.command for step in node.steps]
    adds = [command for command in commands if command.keyword == "ADD"]
    others = [command.keyword for command in commands if command.keyword not in ("ADD", "ARG")]
    if node.base != SCRATCH or others or len(adds) != 1 or not _is_remote(adds[0]):
        raise Refused(f"{NAME} names the stage {node.name}, which is not FROM scratch with one ADD of a URL")


def _is_remote(command: Command) -> bool:
    *sources, _ = command.words
    return len(sources) == 1 and not command.heredocs and ("$" in sources[0] or is_remote(sources[0]))
