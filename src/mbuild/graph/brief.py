"""What an outline takes from the recipe of an image for one platform."""

from __future__ import annotations

from mbuild.dockerfile.model import Doubt, Inherited, ParentImage, Read, Recipe, Reference, Resolved
from mbuild.graph.fingerprint import Encodable
from mbuild.graph.fingerprint import recipe as meaning_of
from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Brief:
    """What counts of a recipe. meaning: as ``fingerprint.recipe`` returns it; the others: as in ``Recipe``."""

    meaning: Encodable
    reads: tuple[Read, ...]
    references: tuple[tuple[Reference, Resolved], ...]
    inherited: Inherited
    doubts: tuple[Doubt, ...] = ()


def brief(recipe: Recipe) -> Brief:
    """Return what counts of a recipe."""
    references = recipe.references
    if recipe.older is not None:
        parents = (each for each in recipe.older.references if isinstance(each[1], ParentImage))
        references = tuple(dict.fromkeys((*references, *parents)))
    return Brief(meaning_of(recipe), recipe.reads, references, recipe.inherited, recipe.doubts)
