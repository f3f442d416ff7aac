"""ARG as BuildKit before 0.14 reads it: Docker up to 26.1, and ``docker/dockerfile`` before 1.8.

Which BuildKit builds is not known here, so where the two readings differ, what either of them reads counts. The older
rules: ``instructions/commands.go`` (`ArgCommand.Expand`: a whole line, names too, before any of it is declared) and
``dockerfile2llb/convert.go`` (`setKVValue`: an ARG above FROM takes the value of an earlier one away).
"""

from __future__ import annotations

from collections.abc import Iterable

from mbuild.dockerfile.instructions import Command
from mbuild.dockerfile.model import Doubt, Inherited, Read, Recipe
from mbuild.dockerfile.variables import PLATFORM_ARGS, arg_pairs, is_plain
from mbuild.errors import Where
from mbuild.values import replace

NEWEST = "TARGETSTAGE"
"""The argument that every build has, and had not before."""
_WHO = "BuildKit before 0.14"


def is_odd(command: Command) -> bool:
    """Tell whether an ARG of a stage may mean something else there."""
    pairs = tuple(arg_pairs(command))
    if len(pairs) > 1 and any("$" in (default or "") for _, default in pairs):
        return True
    return any(name == NEWEST or not is_plain(name) for name, _ in pairs)


def is_odd_above(commands: Iterable[Command]) -> bool:
    """Tell whether ARGs above the first FROM may mean something else there."""
    known = set(PLATFORM_ARGS)
    for command in commands:
        for name, default in arg_pairs(command):
            if (name in known and default is None) or NEWEST in (default or ""):
                return True
            known.add(name)
    return False


def is_odd_start(command: Command) -> bool:
    """Tell whether a FROM may mean something else there, if no ARG does."""
    return any(NEWEST in text for text in (*command.words, *(text for _, text in command.flags)))


def either(recipe: Recipe, older: Recipe, where: Where) -> Recipe:
    """Return the recipe with what an older BuildKit makes of the Dockerfile. where: the first line that may differ."""
    if recipe == older:
        return recipe
    found = replace(recipe, older=older)
    if recipe.inherited != older.inherited:
        found = replace(found, inherited=Inherited(unknown=_WHO, foreign=True))
    if recipe.reads == older.reads:
        return found
    # What is read there need not exist here, so it is no read by itself.
    contexts = {each.context: each for each in reversed((*recipe.reads, *older.reads))}
    reads = tuple(Read(each.context, each.keyword, ("/",), each.where) for each in contexts.values())
    doubt = Doubt(f"{_WHO} reads ARG otherwise, and with it other files", where)
    return replace(found, reads=(*recipe.reads, *reads), doubts=(*recipe.doubts, doubt))
