"""GitLab CI/CD.

Source: docs.gitlab.com, "Predefined CI/CD variables reference", "Merged results pipelines", "Merge trains".
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import MERGE_QUEUE, OTHER, PULL_REQUEST, PUSH, SCHEDULE, TAG, Against, Run, pushed
from mbuild.ci.values import Values

NAME = "GitLab CI"


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - GitLab names no file
    """Read CI_PIPELINE_SOURCE, CI_COMMIT_*, CI_MERGE_REQUEST_* and CI_DEFAULT_BRANCH."""
    values = Values(env)
    built, default = values.commit("CI_COMMIT_SHA"), values.branch("CI_DEFAULT_BRANCH")
    target = values.branch("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if target or values.text("CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        return _merge_request(values, built, target, default)
    if tag := values.tag("CI_COMMIT_TAG"):
        return Run(NAME, TAG, built, tag=tag, default_branch=default)
    branch, source = values.branch("CI_COMMIT_BRANCH"), values.text("CI_PIPELINE_SOURCE")
    if source == "push":
        # Zeros also mean that nobody pushed, so they say "a new branch" in this one case alone.
        before = values.commit("CI_COMMIT_BEFORE_SHA")
        against = pushed("CI_COMMIT_BEFORE_SHA", before, branch=branch, default_branch=default)
        return Run(NAME, PUSH, built, branch, against=against, default_branch=default)
    return Run(NAME, SCHEDULE if source == "schedule" else OTHER, built, branch, default_branch=default)


def _merge_request(values: Values, built: str, target: str, default: str) -> Run:
    base = values.commit("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if base:
        against = Against("CI_MERGE_REQUEST_DIFF_BASE_SHA", commit=base)
    else:
        against = Against("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", branch=target)
    # Set where head is a merge made for the pipeline: merged results and merge trains.
    source = values.commit("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    train = values.text("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train"
    branch = values.branch("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")
    event = MERGE_QUEUE if train else PULL_REQUEST
    return Run(NAME, event, built, branch, against=against, source=source, default_branch=default)
