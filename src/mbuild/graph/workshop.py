"""What the nodes of one graph work with, at one tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mbuild.graph.attributes import Attributes
    from mbuild.graph.defined import Definitions
    from mbuild.graph.inputs import Inputs
    from mbuild.graph.places import Places
    from mbuild.graph.recipes import Recipes
    from mbuild.tree import Entry, Tree


class Workshop:
    """The Dockerfiles and the files of a tree, made when they are needed."""

    def __init__(
        self,
        definitions: Definitions,
        tree: Tree,
        native: str,
        scattered: Callable[[], Sequence[Entry]] | None = None,
    ) -> None:
        """Take the definitions of all images, the tree, and the platform of images that name none.

        scattered: gives ``Tree.scattered``, where that is known already, or from another tree.
        """
        self.definitions = definitions
        self.tree = tree
        self.native = native
        self.scattered = scattered or cache(tree.scattered)

    @cached_property
    def links(self) -> frozenset[str]:
        """The paths of all links of the tree."""
        return frozenset(each.path for each in self.scattered() if each.is_link)

    @cached_property
    def recipes(self) -> Recipes:
        """The Dockerfiles."""
        from mbuild.graph.recipes import Recipes

        return Recipes(self.definitions, self.tree, self.native)

    @cached_property
    def places(self) -> Places:
        """The context roots and ignore files."""
        from mbuild.graph.places import Places

        return Places(self.tree)

    @cached_property
    def attributes(self) -> Attributes:
        """The files that say how others are checked out."""
        from mbuild.graph.attributes import Attributes

        return Attributes(self.tree, self.scattered)

    @cached_property
    def inputs(self) -> Inputs:
        """The files."""
        from mbuild.graph.inputs import Inputs

        return Inputs(self.tree, self.places, self.attributes)
