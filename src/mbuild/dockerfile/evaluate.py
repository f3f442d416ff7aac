"""From a Dockerfile to the recipe of one target: what its reachable stages do and read.

Rules: BuildKit `dockerfile2llb/convert.go` (`toDispatchState` and what it calls), in the same order: all stages are
named and linked, the target's needs are found, ONBUILD triggers are added (which may bring new needs), and then the
commands of the stages that are needed are expanded one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from mbuild.dockerfile.epoch import check_epoch
from mbuild.dockerfile.model import Dockerfile, Inherited, Platform, Recipe, Resolver
from mbuild.dockerfile.older import NEWEST, either, is_odd, is_odd_above, is_odd_start
from mbuild.dockerfile.recipe import Writer
from mbuild.dockerfile.refused import Problems
from mbuild.dockerfile.resolution import Resolution, StageResolver
from mbuild.dockerfile.stages import Node, Nodes, Sections, sections
from mbuild.dockerfile.syntax import syntax_doubts, syntax_of, unknown_reads
from mbuild.dockerfile.triggers import add_triggers
from mbuild.dockerfile.variables import global_args, platform_args
from mbuild.errors import DockerfileError, Where
from mbuild.values import replace


def evaluate(
    file: Dockerfile,
    *,
    target: str | None,
    args: Mapping[str, str],
    platform: Platform,
    build_platform: Platform,
    resolve: Resolver,
    resolve_stage: StageResolver,
) -> Recipe:
    """Return what one target of a Dockerfile does for one platform.

    target:        name of a stage, in any case; None or "": the last one.
    args:          build arguments; they count where an ARG declares them, and for the arguments every build has.
    resolve:       what a name outside of the Dockerfile stands for; asked once for each name and kind.
    resolve_stage: what a named context puts in the place of a stage of that name, or None.
    Raises DockerfileError with every problem found: what BuildKit would refuse, at its line. Where another frontend
    than Docker's reads the file, the recipe has a doubt instead, reads the whole context, and what it hands on is
    not known.
    """
    doubts, syntax = syntax_doubts(file, args), syntax_of(file, args)
    inherited = Inherited(unknown=f"the frontend {syntax}", foreign=True) if doubts else Inherited()
    try:
        platforms = platform, build_platform
        recipe = _either(partial(_written, file, target, args, platforms, resolve, resolve_stage))
    except DockerfileError:
        if not doubts:
            raise
        # Another frontend reads the file: what is wrong in a Dockerfile may be right there.
        return Recipe((), unknown_reads(doubts), (), inherited, syntax, doubts, file.warnings)
    return replace(recipe, inherited=inherited) if doubts else recipe


def _either(written: Callable[..., tuple[Recipe, Where | None]]) -> Recipe:
    """Return what newer BuildKits make of a file, and older ones where that may be something else: see ``older``."""
    recipe, where = written()
    if where is None:
        return recipe
    try:
        older, _ = written(older=True)
    except DockerfileError:
        return recipe  # an older BuildKit builds nothing from it
    return either(recipe, older, where)


def _written(
    file: Dockerfile,
    target: str | None,
    args: Mapping[str, str],
    platforms: tuple[Platform, Platform],
    resolve: Resolver,
    resolve_stage: StageResolver,
    *,
    older: bool = False,
) -> tuple[Recipe, Where | None]:
    """Return the recipe, and the first place that an older BuildKit may read otherwise."""
    problems = Problems()
    parts, nodes, end, shared = _linked(file, target, args, platforms, problems, older=older)
    resolution = Resolution(resolve, resolve_stage, nodes.all)
    with problems.at(Where(file.path)):
        check_epoch(nodes.all, args, shared, lambda name: resolve_stage(name) is not None, problems)
    needed = add_triggers(file, nodes, end, resolution, problems)
    recipe = Writer(file, args, shared, str(platforms[0]), resolution, problems, older).write(needed, end)
    problems.check()
    return recipe, _odd_place(parts, needed)


def _odd_place(parts: Sections, needed: Iterable[Node]) -> Where | None:
    if parts.global_args and is_odd_above(parts.global_args):
        return parts.global_args[0].where
    steps = (step.command for node in needed for step in node.steps if step.command.keyword == "ARG")
    odd = [each.where for each in steps if is_odd(each)]
    odd += [start.where for start, _ in parts.stages if is_odd_start(start)]
    return odd[0] if odd else None


def _linked(
    file: Dockerfile,
    target: str | None,
    args: Mapping[str, str],
    platforms: tuple[Platform, Platform],
    problems: Problems,
    *,
    older: bool,
) -> tuple[Sections, Nodes, Node, dict[str, str]]:
    """Return the stages with what they use, the target and the global arguments; raise when something is wrong."""
    parts = sections(file.instructions, problems)
    if not any(each.keyword == "FROM" for each in file.instructions):
        problems.add("the Dockerfile has no stage to build", Where(file.path, 1), "it needs a FROM")
    problems.check()
    last = parts.stages[-1][0].words[1]
    predefined = platform_args(target or last, *platforms, args)
    if older:
        del predefined[NEWEST]
    shared = global_args(parts.global_args, predefined, args, file.escape, problems, older=older)
    nodes = Nodes(file.escape, shared, platforms[1].arch, problems)
    for start, commands in parts.stages:
        nodes.add_stage(start, commands)
    end = nodes.all[-1]
    with problems.at(Where(file.path)):
        end = nodes.target(target)
    nodes.link()
    problems.check()
    return parts, nodes, end, shared
