"""What children of an image are built on, and what an image's doubts make of its children."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from mbuild.app.everything import Made, Order
from mbuild.app.sides import Bench, Side
from mbuild.app.workspace import open_workspace
from mbuild.audit.image import Image, Root
from mbuild.audit.judge import MISS, SAME, UNDECIDED, Attempt, Verdict
from mbuild.audit.steps import LookedUp
from mbuild.builders.protocol import Cancel
from mbuild.events import Emit
from tests.support import Repo

FILES = {
    "build.yaml": "version: 1\nproject: shop\nimages:\n"
    "  base: {dockerfile: base/Dockerfile}\n"
    "  child: {dockerfile: child/Dockerfile, contexts: {kit: 'image:tools'}}\n"
    "  tools: {dockerfile: tools/Dockerfile}\n",
    "base/Dockerfile": "FROM scratch\nCOPY . /\n",
    "child/Dockerfile": "FROM shop/base\nCOPY . /\n",
    "tools/Dockerfile": "FROM scratch\nCOPY . /\n",
}


@dataclass
class Script:
    """Makes what it is told: for each build of an image at a side, in turn, what its own steps give ("" fails).

    An image is what its own steps and what its parents are. looks_up: what BuildKit would look for elsewhere.
    """

    results: Mapping[str, tuple[str, ...]]
    looks_up: Mapping[str, LookedUp] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)
    made: dict[str, str] = field(default_factory=dict)
    bound: list[Mapping[str, str]] = field(default_factory=list)

    def make(self, order: Order, emit: Emit, cancel: Cancel) -> Made:
        told = self.results.get(order.label, ("x",))
        own = told[min(self.count[order.label], len(told) - 1)]
        self.count[order.label] += 1
        self.bound.append(order.parents)
        looked_up = (self.looks_up[order.node.name],) if order.node.name in self.looks_up else ()
        if not own:
            return Made(Attempt(error=f"{order.label} fails"), looked_up)
        name = "+".join([own, *(self.made[tag] for _, tag in sorted(order.parents.items()))])
        self.made[order.tag] = name
        return Made(Attempt(Image(name, (name,), {"Env": name}, lambda: Root({}, {}))), looked_up)


@pytest.fixture
def graph(repo: Repo) -> Any:
    repo.commit(FILES)
    workspace = open_workspace(repo.folder, None)
    return workspace.snapshot(workspace.head(None)).graph


def judged(graph: Any, script: Script, name: str = "child") -> Verdict:
    bench = Bench(script, lambda _: None, Cancel(), "run")
    base = Side("base", graph, cast("Any", None), bench)
    return Side("head", graph, cast("Any", None), bench, base=base).verdict(base, (name, ""))


def test_a_parent_that_is_the_same_is_the_bases(graph: Any) -> None:
    script = Script({})
    assert judged(graph, script) == Verdict(SAME)
    assert script.count == {"base@base": 1, "child@base": 1, "base@head": 1, "child@head": 1}
    assert len({each["shop/base"] for each in script.bound if each}) == 1


def test_a_parent_that_differs_makes_its_child_a_miss(graph: Any) -> None:
    found = judged(graph, Script({"base@head": ("other",)}))
    assert (found.outcome, str(found.differences[0])) == (MISS, "setting Env: x+x → x+other")


def test_a_parent_that_something_else_changed_does_not(graph: Any) -> None:
    """Built again, the base's is what head's is: children get the base's first one on both sides."""
    script = Script({"base@base": ("x", "other"), "base@head": ("other",)})
    assert judged(graph, script) == Verdict(SAME)


def test_a_stage_that_is_called_as_its_parent_is_cannot_be_judged(repo: Repo) -> None:
    """Parents are bound by name here, and one of that name would be built in the stage's place, on both sides."""
    repo.commit(FILES | {"child/Dockerfile": "FROM base AS base\nCOPY . /\nFROM base\n"})
    workspace = open_workspace(repo.folder, None)
    script = Script({})
    found = judged(workspace.snapshot(workspace.head(None)).graph, script)
    assert found == Verdict(UNDECIDED, "its stage base is called as a parent of it, which would take its place")
    assert not script.count


def test_a_parent_that_is_undecided_leaves_its_child_so(graph: Any) -> None:
    found = judged(graph, Script({"base@base": ("1", "2"), "base@head": ("3",)}))
    assert found.outcome == UNDECIDED
    assert found.reason == ("its parent base is undecided: the base, built twice, is not the same: setting Env: 1 → 2")


def test_a_parent_that_never_builds(graph: Any) -> None:
    found = judged(graph, Script({"base@base": ("",), "base@head": ("",)}))
    assert found.outcome == UNDECIDED
    assert found.reason == "its parent base is undecided: it builds neither at the base nor at head: base@head fails"


def test_a_parent_that_builds_on_one_side(graph: Any) -> None:
    found = judged(graph, Script({"base@head": ("",)}))
    assert found.outcome == MISS
    assert found.reason == "it builds at the base and fails at head: its parent base does not build: base@head fails"


@pytest.mark.parametrize(
    ("looked_up", "name", "parent"),
    [
        (LookedUp("", "docker.io/shop/tools:latest"), "shop/tools", "tools"),
        (LookedUp("", "docker.io/shop/tools:1.2"), "shop/tools:1.2", "tools"),
        (LookedUp("", "docker.io/library/kit:latest"), "kit", "tools"),
        (LookedUp("certs", "docker.io/library/tools:latest"), "certs", "tools"),
    ],
)
def test_what_buildkit_looks_for_elsewhere_is_bound(graph: Any, looked_up: LookedUp, name: str, parent: str) -> None:
    script = Script({"tools@base": ("old",), "tools@head": ("new",)}, {"child": looked_up})
    found = judged(graph, script)
    assert found.outcome == MISS, "the parent that mbuild did not know of differs"
    assert set(script.bound[-1]) == {"shop/base", name}


@pytest.mark.parametrize("image", ["docker.io/library/debian:12", "docker.io/shop/child:latest"])
def test_what_is_no_other_image_of_the_repository_is_not(graph: Any, image: str) -> None:
    assert judged(graph, Script({}, {"child": LookedUp("", image)})) == Verdict(SAME)
