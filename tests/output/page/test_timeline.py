"""When which image was at work, and which of them the run waited for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mbuild.output.page.timeline import timeline, turns
from mbuild.output.recording import Moment
from mbuild.schedule.estimate import Turn, course, makespan
from mbuild.schedule.plan import BUILD, Plan, Step


def test_what_ran_follows_from_what_was_noted() -> None:
    noted = (
        Moment("a", "begun", 0.0),
        Moment("never", "ended", 0.5, "skipped"),
        Moment("a", "ended", 2.0, "built"),
        Moment("b", "begun", 2.0),
        Moment("cut", "begun", 2.5),
        Moment("b", "ended", 3.0, "built"),
    )
    assert turns(noted, 4.0) == (Turn("a", 0.0, 2.0), Turn("b", 2.0, 3.0, "a"), Turn("cut", 2.5, 4.0, "a"))


def test_nothing_ran() -> None:
    assert timeline((), {}) is None


def test_the_critical_path_leads_from_the_last_end_to_the_first_begin() -> None:
    ran = (Turn("a", 0, 2), Turn("b", 0, 5), Turn("c", 2, 9, "a"), Turn("d", 5, 6, "b"))
    found = timeline(ran, {"d": ("a", "b")})
    assert found is not None
    assert found.critical == ("a", "c")
    assert (found.chain, found.chain_seconds) == (("c",), 7)
    assert found.seconds == 9
    assert [bar.worker for bar in found.bars] == [1, 2, 1, 2]
    assert found.workers == 2


def test_tries_belong_to_their_image() -> None:
    found = timeline((Turn("a", 0, 9), Turn("b", 0, 9)), {}, (Moment("b", "again", 3.0), Moment("b", "again", 6.0)))
    assert found is not None
    assert [bar.again for bar in found.bars] == [(), (3.0, 6.0)]


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, dict[str, float], int]:
    number = draw(st.integers(1, 12))
    steps = []
    for index in range(number):
        parents = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        steps.append(Step(f"i{index}", BUILD, (), tuple(f"i{each}" for each in sorted(parents))))
    seconds = {step.image: float(draw(st.integers(0, 5))) for step in steps}
    return Plan(tuple(steps)), seconds, draw(st.integers(1, 4))


@given(plans())
def test_a_course_keeps_to_the_rules_and_its_critical_path_fills_it(given_: tuple[Plan, dict[str, float], int]) -> None:
    plan, seconds, jobs = given_
    ran = course(plan, seconds, jobs)
    parents = {step.image: step.parents for step in plan.steps}
    by_name = {each.image: each for each in ran}
    assert by_name.keys() == parents.keys()
    for each in ran:
        assert each.ended - each.begun == seconds[each.image]
        assert all(by_name[one].ended <= each.begun for one in parents[each.image])
    found = timeline(ran, parents)
    assert found is not None
    assert found.seconds == makespan(plan, seconds, jobs)
    assert found.workers <= jobs
    assert sum(seconds[name] for name in found.critical) == found.seconds
    assert all(by_name[after].begun == by_name[name].ended for name, after in pairwise(found.critical))
    assert found.chain_seconds == sum(seconds[name] for name in found.chain) <= found.seconds
    assert all(before in parents[name] for before, name in pairwise(found.chain))
    for worker in range(1, found.workers + 1):
        mine = [bar.turn for bar in found.bars if bar.worker == worker]
        assert all(one.ended <= two.begun for one, two in pairwise(mine))
