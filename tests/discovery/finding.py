"""What the tests of discovery share: a tree in memory, and what is found in it."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.app.discovering import bake, propose
from mbuild.config.load import load
from mbuild.discovery.model import Bake, Discovery, Image
from mbuild.discovery.sources import discover
from mbuild.discovery.write import write
from mbuild.graph.affected import affected
from mbuild.graph.build import build_graph
from mbuild.graph.node import Graph
from mbuild.images import Project
from tests.trees import MemoryTree

Files = Mapping[str, str | tuple[str, str]]

SCRATCH = "FROM scratch\n"


def find(files: Files, door: Bake | None = bake) -> Discovery:
    return discover(MemoryTree(files), door)


def images(files: Files, door: Bake | None = bake) -> dict[str, Image]:
    return {each.name: each for each in find(files, door).images}


def notes(files: Files, door: Bake | None = bake) -> list[str]:
    return [str(each) for each in find(files, door).problems]


def written(files: Files, door: Bake | None = bake) -> str:
    return write(find(files, door), list(files))


def loaded(text: str, files: Files) -> Project:
    return load(text.encode(), shown="build.yaml", folder="", tree_paths=lambda _: list(files))


def affected_by(before: Files, after: Files) -> set[str]:
    """Return the images that a change affects, by what is found before and after it."""
    return {*affected([_graph(before)], _graph(after)).reasons}


def _graph(files: Files) -> Graph:
    tree = MemoryTree(files)
    return build_graph(propose(tree).project, tree, "linux/amd64")


def shown(image: Image) -> dict[str, object]:
    """Return what an image is made of, without what is empty."""
    build = image.build
    made = {
        "dockerfile": build.dockerfile,
        "context": build.context,
        "target": build.target,
        "args": dict(build.args),
        "contexts": dict(image.contexts),
        "aliases": list(image.aliases),
        "platforms": list(build.platforms),
    }
    return {key: value for key, value in made.items() if value or key == "context"}
