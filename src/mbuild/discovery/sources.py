"""The sources, in the order in which they are believed: where two state one build, the first one's name is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mbuild.discovery import bake, compose, dockerfiles, skaffold
from mbuild.discovery.merge import merge
from mbuild.discovery.model import Bake, Build, Discovery, Look, Stated
from mbuild.errors import Problem
from mbuild.tree import SUBMODULE, Tree

Source = Callable[[Look], Stated]

SOURCES: dict[str, Source] = {
    "bake": bake.discover,
    "compose": compose.discover,
    "skaffold": skaffold.discover,
    "dockerfile": dockerfiles.discover,
}

VENDORED = frozenset(("node_modules", "vendor", "third_party", "third-party", "testdata", "site-packages"))


def discover(tree: Tree, bake_door: Bake | None = None) -> Discovery:
    """Return the images that the files of a tree state. bake_door: evaluates bake files, None where nothing can."""
    paths = tuple(each.path for each in tree.below("") if each.mode != SUBMODULE)
    vendored = tuple(each for each in paths if not VENDORED.isdisjoint(each.split("/")[:-1]))
    own = paths if not vendored else tuple(sorted(set(paths) - set(vendored)))
    look = Look(tree, own, vendored, bake_door)
    builds: list[Build] = []
    problems: list[Problem] = []
    project = ""
    for source in SOURCES.values():
        stated = source(replace(look, stated=tuple(builds)))
        builds.extend(stated.builds)
        problems.extend(stated.problems)
        project = project or stated.project
    return merge(tree, tuple(builds), tuple(problems), project, tuple(SOURCES))
