"""Drone, and Harness Open Source, which took its variables over.

Source: docs.drone.io, "Pipeline environment reference".
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import OTHER, PULL_REQUEST, PUSH, SCHEDULE, TAG, Against, Run, pushed
from mbuild.ci.values import Values

NAME = "Drone"


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - Drone names no file
    """Read DRONE_BUILD_EVENT, DRONE_TARGET_BRANCH, DRONE_COMMIT*, DRONE_TAG and DRONE_REPO_BRANCH."""
    values = Values(env)
    event, built = values.text("DRONE_BUILD_EVENT"), values.commit("DRONE_COMMIT_SHA")
    default, target = values.branch("DRONE_REPO_BRANCH"), values.branch("DRONE_TARGET_BRANCH")
    if event == "pull_request" and target:
        source, into = values.branch("DRONE_SOURCE_BRANCH"), Against("DRONE_TARGET_BRANCH", branch=target)
        return Run(NAME, PULL_REQUEST, built, source, against=into, source=built, default_branch=default)
    if event == "tag":
        return Run(NAME, TAG, built, tag=values.tag("DRONE_TAG"), default_branch=default)
    branch = values.branch("DRONE_COMMIT_BRANCH") or target
    if event == "push":
        before = values.commit("DRONE_COMMIT_BEFORE")
        against = pushed("DRONE_COMMIT_BEFORE", before, branch=branch, default_branch=default)
        return Run(NAME, PUSH, built, branch, against=against, default_branch=default)
    return Run(NAME, SCHEDULE if event == "cron" else OTHER, built, branch, default_branch=default)
