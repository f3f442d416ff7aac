"""The sources, in the order in which they are believed: where two state one build, the first one's name is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from mbuild.discovery import bake, compose, dockerfiles, skaffold
from mbuild.discovery.looking import Looker
from mbuild.discovery.merge import merge
from mbuild.discovery.model import Bake, Build, Discovery, Look, Stated
from mbuild.discovery.paths import dockerfile_at
from mbuild.discovery.recording import Recording
from mbuild.errors import Problem
from mbuild.tree import SUBMODULE, Entry, Tree
from mbuild.values import replace

Source = Callable[[Look], Stated]

SOURCES: dict[str, Source] = {
    "bake": bake.discover,
    "compose": compose.discover,
    "skaffold": skaffold.discover,
    "dockerfile": dockerfiles.discover,
}

_VENDORED = re.compile(
    r"node_modules|bower_components|vendor|third[-_]party|site-packages|\.?venv|test[-_]?data|testfiles?([-_].*)?|(__)?fixtures?(__)?"
)
"""Folders of other people's code and of test data: what is in them is none of a repository's images."""


def _is_vendored(path: str) -> bool:
    return any(_VENDORED.fullmatch(each) for each in path.split("/")[:-1])


def own_paths(entries: Iterable[Entry]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths of the files of a tree, and apart from them those below folders of other people's code."""
    paths = tuple(each.path for each in entries if each.mode != SUBMODULE)
    vendored = tuple(each for each in paths if _is_vendored(each))
    return paths if not vendored else tuple(sorted(set(paths) - set(vendored))), vendored


def discover(tree: Tree, bake_door: Bake | None = None) -> Discovery:
    """Return the images that the files of a tree state. bake_door: evaluates bake files, None where nothing can."""
    recording = Recording(tree)
    looker = Looker.at(recording)
    own, vendored = own_paths(looker.entries)
    look = Look(looker, own, vendored, bake_door)
    builds: list[Build] = []
    problems: list[Problem] = []
    project = ""
    for source in SOURCES.values():
        stated = source(replace(look, stated=tuple(builds)))
        found = ((each, dockerfile_at(recording, each.dockerfile)) for each in stated.builds)
        builds.extend(each if path is None else replace(each, dockerfile=path) for each, path in found)
        problems.extend(stated.problems)
        project = project or stated.project
    merged = merge(looker, tuple(builds), tuple(problems), project, tuple(SOURCES))
    return replace(merged, read=frozenset(recording.read_paths))
