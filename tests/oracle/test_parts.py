"""However a graph is cut into parts, what comes of them is what comes of the whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.errors import DockerfileError
from mbuild.graph import measuring
from mbuild.graph.build import build_frozen, build_graph
from mbuild.graph.frozen import freeze, thaw
from mbuild.graph.measuring import measure
from mbuild.images import ImageDef, Project
from tests.oracle.test_definitions import projects, trees
from tests.oracle.test_soundness import EXAMPLES, Files, definitions, graph_of, monorepos
from tests.trees import MemoryTree

R = TypeVar("R")
CUTS = st.lists(st.integers(0, 4), max_size=3)


class Cutting:
    """Has parts of the work done one after the other, and hands results over as bytes."""

    def __init__(self, cuts: Sequence[int]) -> None:
        self.cuts = sorted(cuts)

    def __call__(
        self,
        work: Callable[[Sequence[str]], R],
        items: Sequence[str],
        fewest: int,
        dump: Callable[[R], bytes],
        load: Callable[[bytes], R],
        pieces: int = 1,
    ) -> Sequence[R]:
        parts = (items[begin:end] for begin, end in itertools.pairwise((0, *self.cuts, len(items))))
        return [load(dump(work(part))) for part in parts]


def check(files: Files, images: tuple[ImageDef, ...], cuts: Sequence[int]) -> None:
    tree, project = MemoryTree(files), Project(images)
    raw = build_frozen(project, tree, "linux/amd64", tree.scattered, Cutting(cuts), ("a*",))
    try:
        whole = build_graph(project, tree, "linux/amd64")
    except DockerfileError:
        assert raw is None
        return
    assert raw == freeze(whole, ("a*",))


@settings(max_examples=EXAMPLES)
@given(trees(), projects(), CUTS)
def test_definitions_are_cut(files: Files, images: tuple[ImageDef, ...], cuts: list[int]) -> None:
    check(files, images, cuts)


@settings(max_examples=EXAMPLES)
@given(monorepos(), st.lists(st.sampled_from(["", "", "lib", "src"]), min_size=3, max_size=3), CUTS)
def test_dockerfiles_are_cut(files: Files, args: list[str], cuts: list[int]) -> None:
    check(files, definitions(args), cuts)


@settings(max_examples=EXAMPLES // 2)
@given(monorepos(), st.lists(st.sampled_from(["", "lib", "src"]), min_size=3, max_size=3), CUTS)
def test_what_images_take_is_measured_in_parts(files: Files, args: list[str], cuts: list[int]) -> None:
    whole = graph_of(files, definitions(args))
    if whole is None:
        return
    parts = thaw(memoryview(freeze(whole, ())), MemoryTree(files), "linux/amd64")[0]
    names = list(whole.nodes)
    measure(whole, names)
    with patch.object(measuring, "TOGETHER", 1):
        measure(parts, names, Cutting(cuts))
    for name, one in whole.nodes.items():
        assert parts.nodes[name].measured == one.measured
        assert parts.nodes[name].fingerprint == one.fingerprint
