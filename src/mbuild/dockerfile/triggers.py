"""ONBUILD: the commands that a base adds to the stages that start from it.

Rules: BuildKit `dockerfile2llb/convert.go` (`resolveStages`, `initOnBuildTriggers`): the triggers of a base stage, or
of a base image of this repository, come first; they may need further stages, whose bases may bring triggers in turn.
"""

from __future__ import annotations

from mbuild.dockerfile.instructions import check
from mbuild.dockerfile.model import Dockerfile, ParentImage
from mbuild.dockerfile.parser import parse
from mbuild.dockerfile.refused import Problems, Refused
from mbuild.dockerfile.resolution import Resolution, starts_outside
from mbuild.dockerfile.stages import Node, Nodes, Step, reachable
from mbuild.errors import DockerfileError
from mbuild.values import replace


def add_triggers(
    file: Dockerfile, nodes: Nodes, target: Node, resolution: Resolution, problems: Problems
) -> list[Node]:
    """Put the triggers in front of the steps of every stage the target needs; return the nodes it then needs."""
    while True:
        needed, added = reachable(target, resolution.replaced), False
        for node in needed:
            if node.outside or node.triggers_added:
                continue
            node.triggers_added = True
            steps = _steps(file, nodes, node, _triggers(node, resolution), problems)
            if steps and node.number not in resolution.replaced:  # otherwise they are looked at, but not run
                node.steps[:0], added = steps, True
        if not added:
            return needed


def _triggers(node: Node, resolution: Resolution) -> tuple[str, ...]:
    replaced = node.number in resolution.replaced
    if node.base_stage is not None and not replaced:
        if node.base_stage.number in resolution.replaced:
            return _handed_on(node.base_stage, resolution)
        commands = (step.command for step in node.base_stage.steps)
        return tuple(command.words[0] for command in commands if command.keyword == "ONBUILD")
    return _handed_on(node, resolution) if replaced or starts_outside(node) else ()


def _handed_on(node: Node, resolution: Resolution) -> tuple[str, ...]:
    """Return the triggers of the image of this repository that a node starts from, or that replaces it."""
    found = resolution.of(node)
    return found.inherited.onbuild if isinstance(found, ParentImage) and found.inherited else ()


def _steps(file: Dockerfile, nodes: Nodes, node: Node, triggers: tuple[str, ...], problems: Problems) -> list[Step]:
    steps = []
    for trigger in triggers:
        with problems.at(node.where):
            step = _step(file, node, trigger)
            nodes.connect(step)
            steps.append(step)
    return steps


def _step(file: Dockerfile, node: Node, trigger: str) -> Step:
    shown = f"ONBUILD {trigger.splitlines()[0] if trigger else ''}, inherited from {node.base}"
    try:
        instructions = parse(trigger.encode("utf-8", "surrogateescape"), file.path).instructions
        if len(instructions) != 1:
            raise Refused("a trigger is a single instruction")
        command = check(instructions[0])
    except DockerfileError as error:
        raise Refused(f"{shown}: {error.problems[0].message}") from error
    except Refused as refused:
        raise Refused(f"{shown}: {refused}", *refused.hints) from refused
    if command.keyword == "FROM":
        raise Refused(f"{shown}: FROM cannot be an ONBUILD trigger")
    return Step(replace(command, where=node.where), from_onbuild=True)
