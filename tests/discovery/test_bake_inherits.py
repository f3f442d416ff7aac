"""What a target gets from those that it inherits from, from other files and from variables: as buildx has it.

HCL is what buildx says of it; JSON is read by our own code where there is no buildx.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbuild.app.discovering import bake as buildx
from mbuild.builders.buildx import find_docker
from mbuild.discovery.bake import discover
from mbuild.discovery.bakeoutline import Outline, blocks
from mbuild.discovery.looking import Looker
from mbuild.discovery.model import Bake, Build, Look
from tests.discovery.finding import SCRATCH, find
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


def _unasked(files: Sequence[tuple[str, bytes]], targets: Sequence[str]) -> bytes:
    raise AssertionError((files, targets))


def _bake(inherits: Mapping[str, Sequence[str]], ending: str) -> tuple[str, str]:
    if ending == "json":
        return "docker-bake.json", json.dumps({"target": {each: {"inherits": of} for each, of in inherits.items()}})
    blocks = (f'target "{each}" {{\n  inherits = {json.dumps(of)}\n}}\n' for each, of in inherits.items())
    return "docker-bake.hcl", "".join(blocks)


@pytest.mark.parametrize("ending", ["hcl", "json"])
def test_what_buildx_would_need_hours_for_is_not_read(ending: str) -> None:
    inherits = {"t0": [], "t1": ["t0"]} | {f"t{at}": [f"t{at - 1}", f"t{at - 2}"] for at in range(2, 60)}
    path, text = _bake(inherits, ending)
    found = find({path: text, "Dockerfile": SCRATCH}, _unasked)
    said = [each for each in found.problems if "5,000 ways" in each.message]
    assert [each.message for each in said] == ["not read: 't17' inherits on more than 5,000 ways, and buildx goes each"]
    assert said[0].where is not None
    assert said[0].where.line == (52 if ending == "hcl" else 0)
    assert len(found.images) == 1, "the Dockerfile is an image by itself"


INHERITS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "one base of many": {"base": []} | {f"t{at}": ["base"] for at in range(10_000)},
    "a long chain": {"t0": []} | {f"t{at}": [f"t{at - 1}"] for at in range(1, 4_000)},
    "in a circle": {"a": ["b", "b"], "b": ["a", "a", "b"]},
    "what is not there": {"a": ["b"] * 4_000},
}


@pytest.mark.parametrize("name", INHERITS)
def test_many_targets_that_inherit_are_no_tangle(name: str) -> None:
    path, text = _bake(INHERITS[name], "hcl")
    assert Outline.of((path, each) for each in blocks(text)).tangled == ""
