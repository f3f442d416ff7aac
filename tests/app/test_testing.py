"""Build, test, name: in this order, whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbuild.app.attempts import Attempts
from mbuild.app.testing import built
from mbuild.builders.protocol import BuildResult, Cancel, Examined
from mbuild.errors import Problem, Where
from mbuild.images import ImageTest
from tests.app.test_attempts import PASSING, request
from tests.app.test_running import FakeBuilder

TESTED = replace(request(), test=ImageTest(("/app",)))
PLACE = Where("build.yaml", 4)


def did(status: str, verdict: Examined, *, tested: bool = True) -> tuple[BuildResult, list[str]]:
    builder = FakeBuilder(lambda asked, cancel: BuildResult(status, "sha256:i", "sha256:d", sent=7), verdict=verdict)
    result = built(builder, TESTED if tested else request(), lambda event: None, Cancel())
    return result, [each for each, _ in builder.did]


def test_names_come_last() -> None:
    result, done = did("built", Examined("passed"))
    assert (result.status, result.test, result.image_id, done) == ("built", "passed", "sha256:i", ["test", "admit"])
    assert TESTED.names == ()
    assert request().names == ("api:x",)


def test_what_was_not_done_is_a_warning() -> None:
    told = (Problem("not run", PLACE),)
    result, done = did("cached", Examined("checked", told))
    assert (result.status, result.test, result.warnings, result.problems) == ("cached", "checked", told, ())
    assert done == ["test", "admit"]


def test_a_failure_leaves_no_image() -> None:
    told = (Problem("the test failed", PLACE),)
    result, done = did("built", Examined("failed", told, ("last",)))
    assert (result.status, result.test, result.problems, result.log) == ("failed", "failed", told, ("last",))
    assert (result.image_id, result.digest, result.sent) == (None, None, 7)
    assert done == ["test", "discard"]


def test_so_does_a_cancelled_test() -> None:
    result, done = did("built", Examined("cancelled"))
    assert (result.status, result.test, result.image_id, done) == ("cancelled", "", None, ["test"])


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_what_was_not_built_is_not_tested(status: str) -> None:
    result, done = did(status, Examined("passed"))
    assert (result.status, result.test, done) == (status, "", [])


def test_without_a_test_the_build_gives_the_names() -> None:
    result, done = did("built", Examined("failed"), tested=False)
    assert (result.status, result.test, done) == ("built", "", [])


def test_what_a_test_says_does_not_pass_by_itself() -> None:
    builder = FakeBuilder(verdict=Examined("failed", (Problem(f"the test failed: {PASSING}"),)))
    result = Attempts(builder, lambda event: None, Cancel()).build(TESTED)
    assert (result.status, len(builder.asked)) == ("failed", 1)
