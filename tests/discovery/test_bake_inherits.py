"""What a target gets from those that it inherits from, from other files and from variables: as buildx has it.

HCL is what buildx says of it; JSON is read by our own code where there is no buildx.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.app.discovering import bake as buildx
from mbuild.builders.buildx import find_docker
from mbuild.discovery.bake import discover
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import Bake, Build, Look
from tests.discovery.finding import SCRATCH
from tests.trees import MemoryTree

needs_buildx = pytest.mark.skipif(find_docker() is None, reason="no docker client has buildx, which evaluates HCL")

NAMES = ("t0", "t1", "t2", "t3", "t4")
FOLDERS = ("", "a", "b")
TREE = {f"{folder}/{name}".lstrip("/"): SCRATCH for folder in FOLDERS for name in ("Dockerfile", "D")}

words = st.sampled_from(["x", "", "${V}", "a-${W}", "${N}${V}", "$x", "$${V}"])
values = words | st.sampled_from([None, 1, 1.5, 10000000, True])
folders = st.sampled_from([*FOLDERS, ".", "./a", "a/"])
named = st.sampled_from(["", "a", "./b", "docker-image://alpine", "target:leaf"])


def _map(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.dictionaries(st.sampled_from(["A", "B", "C"]), of, max_size=3)


def _list(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.lists(of, max_size=2)


ATTRIBUTES: dict[str, st.SearchStrategy[Any]] = {
    "args": _map(values),
    "labels": _map(values),
    "contexts": _map(named),
    "context": st.none() | folders,
    "dockerfile": st.sampled_from([None, "", "D", "Dockerfile"]),
    "target": st.none() | words,
    "tags": _list(st.sampled_from(["acme/a:1", "acme/b:${V}", "acme/c"])),
    "platforms": _list(st.sampled_from(["linux/amd64", "linux/arm64", "linux/${P}"])),
}
bodies = st.fixed_dictionaries({}, optional=ATTRIBUTES)
defaults = st.sampled_from(["v", "", 1, 2.5, True, "${W}"])
variables = st.fixed_dictionaries(
    {"V": defaults, "W": st.sampled_from(["w", 3]), "N": st.sampled_from(["n", False]), "P": st.just("s390x")}
)


@st.composite
def files(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two bake files, of which the second lies over the first; nothing inherits in a circle."""
    both = []
    for over in (False, True):
        targets = {}
        for at, name in enumerate(NAMES):
            if over and at and draw(st.booleans()):
                continue
            body = dict(draw(bodies))
            if at and draw(st.booleans()):
                body["inherits"] = draw(st.lists(st.sampled_from(NAMES[:at]), max_size=3))
            targets[name] = body
        both.append({"target": targets})
    both[0]["target"]["leaf"] = {"context": "b"}
    both[0]["variable"] = {name: {"default": value} for name, value in draw(variables).items()}
    return both[0], both[1]


def _read(texts: Mapping[str, str], door: Bake | None) -> tuple[dict[str, Build], list[str]]:
    tree = MemoryTree({**TREE, **texts})
    stated = discover(Look(Looker.at(tree), tuple(texts), bake=door))
    return {each.name: each for each in stated.builds}, [str(each) for each in stated.problems]


@needs_buildx
@settings(max_examples=40, deadline=None)
@given(files())
def test_json_says_the_same_with_and_without_buildx(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    texts = {"docker-bake.json": json.dumps(both[0]), "docker-bake.override.json": json.dumps(both[1])}
    assert _read(texts, None) == _read(texts, buildx)
