"""CircleCI: its variables name neither the target of a pull request nor the commit before a push.

What was built before is in ``pipeline.git.base_revision``, which a job can pass on as MBUILD_BEFORE.
Source: circleci.com/docs, "Project values and variables".
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import OTHER, PULL_REQUEST, TAG, Run
from mbuild.ci.values import Values

NAME = "CircleCI"


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - CircleCI names no file
    """Read CIRCLE_SHA1, CIRCLE_BRANCH, CIRCLE_TAG and CIRCLE_PULL_REQUEST."""
    values = Values(env)
    built = values.commit("CIRCLE_SHA1")
    if tag := values.tag("CIRCLE_TAG"):
        return Run(NAME, TAG, built, tag=tag)
    if values.text("CIRCLE_PULL_REQUEST"):
        # The branch of a fork's pull request is called pull/NUMBER.
        return Run(NAME, PULL_REQUEST, built, values.branch("CIRCLE_BRANCH"))
    return Run(NAME, OTHER, built, values.branch("CIRCLE_BRANCH"))
