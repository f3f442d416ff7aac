"""What the nodes of one graph work with, at one tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        links: Callable[[], Sequence[Entry]] | None = None,
    ) -> None:
        """Take the definitions of all images, the tree, and the platform of images that name none.

        links: gives the links of the tree, where that is known from another tree.
        """
        self.definitions = definitions
        self.tree = tree
        self.native = native
        self.links = links or cache(tree.links)

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
    def inputs(self) -> Inputs:
        """The files."""
        from mbuild.graph.inputs import Inputs

        return Inputs(self.tree, self.places)
