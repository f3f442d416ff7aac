"""Parts of a graph put together: the same bytes as of the whole (``tests/oracle/test_parts.py`` has random ones)."""

from __future__ import annotations

import itertools

import pytest

from mbuild.graph.build import build_frozen
from mbuild.graph.frozen import freeze
from mbuild.graph.parts import dump_listed, load_listed
from mbuild.graph.sharing import alone
from mbuild.images import Project
from mbuild.tree import SYMLINK, Entry
from tests.graph.test_affected import FILES, graph, image
from tests.oracle.test_parts import Cutting
from tests.trees import MemoryTree

NAMES = ("one", "three", "two")
COPIES = (
    "COPY --exclude=*.md --exclude=docs libs /l/\nCOPY --exclude=x libs/a /a/\n",
    "COPY --exclude=x libs/a /a/\nCOPY --exclude=*.txt libs /l/\n",
    "COPY libs /l/\n",
)
WILD = "COPY libs/a/*.py libs/*/x.py /w/\n"
VAGUE = 'COPY ["!no", " blank ", "/"]\n'
FILES_OF_ALL = FILES | {
    f"{name}/Dockerfile": f"# syntax=docker/dockerfile:1-labs\nFROM scratch\n{copies}{WILD}{VAGUE}"
    for name, copies in zip(NAMES, COPIES, strict=True)
}
FILES_OF_ALL |= {"two/Dockerfile.dockerignore": "docs\n", "!no": "", "blank": ""}


@pytest.mark.parametrize("cuts", [*itertools.combinations_with_replacement(range(4), 2)])
def test_wherever_it_is_cut(cuts: tuple[int, int]) -> None:
    images = [image(name, root="") for name in NAMES]
    whole = graph(FILES_OF_ALL, *images)
    assert len(whole.index.excludes) == 3
    assert len(whole.index.rules) == 2
    assert set(whole.index.vague) == {0, 1, 2}
    tree = MemoryTree(FILES_OF_ALL)
    assert build_frozen(Project(tuple(images)), tree, "linux/amd64", tuple, Cutting(cuts), ()) == freeze(whole, ())


def test_what_is_wrong_is_said_by_whoever_looks_at_all() -> None:
    for files in (FILES | {"api/Dockerfile": "FORM scratch\n"}, FILES | {"base/Dockerfile": "FROM shop/api\n"}):
        images = (image("api", root=""), image("base"))
        assert build_frozen(Project(images), MemoryTree(files), "linux/amd64", tuple, alone, ()) is None


def test_links_are_handed_over() -> None:
    links = (Entry("a/\udcff", SYMLINK, "1" * 40), Entry("b", SYMLINK, "2" * 40))
    assert tuple(load_listed(dump_listed(links))) == links
