"""Builds an image that may have a test: it gets no name before that has passed, however the run ends in between."""

from __future__ import annotations

from mbuild.builders.protocol import Builder, BuildRequest, BuildResult, Cancel, Examined
from mbuild.events import Emit
from mbuild.schedule.machine import GOOD
from mbuild.values import replace


def built(builder: Builder, asked: BuildRequest, emit: Emit, cancel: Cancel) -> BuildResult:
    """Build, test and name one image, in this order. Without a test the build gives the names itself."""
    result = builder.build(asked, emit, cancel)
    if asked.test is None or result.status not in GOOD:
        return result
    tested = builder.test(asked, result, emit, cancel)
    if tested.status == "failed":
        builder.discard(result)
    if tested.status not in ("passed", "checked"):
        return _not_passed(result, tested)
    builder.admit(asked, result)
    return replace(result, test=tested.status, warnings=tested.problems)


def _not_passed(result: BuildResult, tested: Examined) -> BuildResult:
    """Return the result of an image that is not there: nothing of it can be referred to."""
    kept = replace(result, image_id=None, digest=None, status=tested.status)
    if tested.status == "cancelled":
        return kept
    return replace(kept, test="failed", problems=tested.problems, log=tested.log)
