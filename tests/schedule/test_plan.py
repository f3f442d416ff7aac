"""The plan: a pure function of the graph, of what is wanted and of what exists."""

from __future__ import annotations

from mbuild.graph.affected import Reason
from mbuild.schedule.plan import Plan, make_plan
from tests.graph.test_affected import graph, image

FILES = {
    "base/Dockerfile": "FROM scratch\n",
    "mid/Dockerfile": "FROM shop/base\n",
    "api/Dockerfile": "FROM shop/mid\n",
    "web/Dockerfile": "FROM scratch\n",
}
GRAPH = graph(FILES, image("base"), image("mid"), image("api"), image("web"))
WHY = (Reason("file-changed", path="x"),)


def actions(plan: Plan) -> dict[str, str]:
    return {step.image: step.action for step in plan.steps}


def test_missing_parents_are_needed_too() -> None:
    plan = make_plan(GRAPH, {"api": WHY}, set())
    assert actions(plan) == {"base": "build", "mid": "build", "api": "build", "web": "none"}
    reasons = {step.image: [each.kind for each in step.reasons] for step in plan.steps}
    assert reasons == {"base": ["needed-by"], "mid": ["needed-by"], "api": ["file-changed"], "web": []}
    assert plan.waves() == (("base",), ("mid",), ("api",))


def test_parents_that_exist_are_left_alone() -> None:
    plan = make_plan(GRAPH, {"api": WHY}, {"mid"})
    assert actions(plan) == {"base": "none", "mid": "none", "api": "build", "web": "none"}
    assert plan.waves() == (("api",),)


def test_what_exists_is_reused() -> None:
    plan = make_plan(GRAPH, {"api": WHY, "web": ()}, {"api"})
    assert actions(plan) == {"base": "none", "mid": "none", "api": "reuse", "web": "build"}
    assert plan.waves() == (("api", "web"),)


def test_force_builds_what_was_asked_for_and_only_that() -> None:
    plan = make_plan(GRAPH, {"api": WHY}, {"api", "mid", "base"}, force=True)
    assert actions(plan) == {"base": "none", "mid": "none", "api": "build", "web": "none"}
    assert [each.kind for each in next(step for step in plan.steps if step.image == "api").reasons] == [
        "file-changed",
        "forced",
    ]


def test_a_child_waits_for_a_parent_that_is_reused_in_the_same_run() -> None:
    plan = make_plan(GRAPH, {"mid": (), "api": ()}, {"mid", "base"})
    assert plan.waves() == (("mid",), ("api",))


def test_nothing_wanted_is_nothing_to_do() -> None:
    plan = make_plan(GRAPH, {}, set())
    assert plan.active == ()
    assert plan.waves() == ()


def test_a_parent_that_is_elsewhere_is_brought_for_a_child_that_is_built() -> None:
    plan = make_plan(GRAPH, {"api": WHY}, {"mid", "base"}, elsewhere={"mid", "base"})
    assert actions(plan) == {"base": "none", "mid": "reuse", "api": "build", "web": "none"}
    assert plan.waves() == (("mid",), ("api",))
    nothing = make_plan(GRAPH, {"api": WHY}, {"mid", "base", "api"}, elsewhere={"mid", "base"})
    assert actions(nothing) == {"base": "none", "mid": "none", "api": "reuse", "web": "none"}


def test_of_two_parents_the_one_that_is_missing_is_built() -> None:
    files = FILES | {
        "api/Dockerfile": "FROM shop/base\nCOPY --from=shop/web / /\nRUN --mount=from=shop/web,target=/m true\n"
    }
    plan = make_plan(graph(files, image("base"), image("web"), image("api")), {"api": WHY}, {"base"})
    assert actions(plan) == {"base": "none", "web": "build", "api": "build"}
    (found,) = next(step.reasons for step in plan.steps if step.image == "web")
    assert (found.kind, found.parent, found.where and found.where.line) == ("needed-by", "api", 2)
