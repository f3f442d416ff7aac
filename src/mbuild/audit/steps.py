"""What BuildKit's names of steps say: which instruction it is, and which images are looked up. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mbuild.dockerfile.model import Operation, Recipe, StageRecipe
from mbuild.errors import Where
from mbuild.values import NamedTuple

_STEP = re.compile(r"\[(?:(?P<stage>\S+) )?(?P<at>\d+)/(?P<of>\d+)\] (?P<keyword>[A-Z]+)\b")
_LOOKED_UP = re.compile(r"\[(?:internal|context (?P<context>[^\]]+))\] load metadata for (?P<image>\S+)")
_COUNTED = ("ADD", "COPY", "RUN", "WORKDIR")


def is_step(name: str) -> bool:
    """Tell whether a step is an instruction of the Dockerfile: ``[2/5] COPY …`` or ``[build 2/5] RUN …``."""
    return _STEP.match(name) is not None


class LookedUp(NamedTuple):
    """An image that BuildKit looked up. context: the named context that stands for it, "" for none."""

    context: str
    image: str


def looked_up(names: Iterable[str]) -> tuple[LookedUp, ...]:
    """Return the images that BuildKit looked up (``dockerui/namedcontext.go``, ``dockerfile2llb/convert.go``)."""
    found = [each for name in names if (each := _LOOKED_UP.match(name))]
    return tuple(dict.fromkeys(LookedUp((each["context"] or "").partition("::")[0], each["image"]) for each in found))


def line_of(name: str, recipe: Recipe) -> Where | None:
    """Return where the instruction of a step stands, or None where that is not sure.

    BuildKit numbers what makes a layer. It counts FROM an image as well, and gives it the first number unless a named
    context stands for it (``dockerfile2llb/convert.go``), so two instructions come into question; words decide.
    """
    found = _STEP.match(name)
    if found is None:
        return None
    at, of, keyword = int(found["at"]), int(found["of"]), found["keyword"]
    stages = [each for each in recipe.stages if not found["stage"] or found["stage"] in _names(each)]
    if len(stages) != 1 or keyword == "FROM":
        return stages[0].where if len(stages) == 1 else None
    counted = [each for each in stages[0].operations if each.keyword in _COUNTED]
    beside = of - len(counted)
    fitting = [counted[index] for index in {at - 1, at - 1 - beside} if beside in (0, 1) and 0 <= index < len(counted)]
    alike = [each for each in fitting if each.keyword == keyword and _says(name, each)]
    return alike[0].where if len(alike) == 1 else None


def _says(name: str, operation: Operation) -> bool:
    """Tell whether a step's name has the words of an instruction: of a RUN, which may be long, the first."""
    words = (operation.args[0].split() or [""])[:1] if operation.keyword == "RUN" and operation.args else operation.args
    return all(word in name for word in words)


def _names(stage: StageRecipe) -> tuple[str, str]:
    return stage.name, f"stage-{stage.index}"
