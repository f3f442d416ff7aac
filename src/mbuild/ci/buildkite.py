"""Buildkite.

Source: buildkite.com/docs, "Environment variables" and "Using GitHub merge queues".
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import MERGE_QUEUE, OTHER, PULL_REQUEST, PUSH, SCHEDULE, TAG, Against, Run
from mbuild.ci.values import Values, commit

NAME = "Buildkite"


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - Buildkite names no file
    """Read BUILDKITE_PULL_REQUEST*, BUILDKITE_MERGE_QUEUE_*, BUILDKITE_TAG, BUILDKITE_BRANCH, BUILDKITE_SOURCE."""
    values = Values(env)
    default = values.branch("BUILDKITE_PIPELINE_DEFAULT_BRANCH")
    # May be a name such as HEAD until the agent has checked it out.
    text = values.text("BUILDKITE_COMMIT")
    built = commit("BUILDKITE_COMMIT", text) if len(text) in (40, 64) else ""
    if queued := values.commit("BUILDKITE_MERGE_QUEUE_BASE_COMMIT"):
        against = Against("BUILDKITE_MERGE_QUEUE_BASE_COMMIT", commit=queued)
        return Run(NAME, MERGE_QUEUE, built, against=against, default_branch=default)
    if values.text("BUILDKITE_PULL_REQUEST") not in ("", "false"):
        return _pull_request(values, built, default)
    if tag := values.tag("BUILDKITE_TAG"):
        return Run(NAME, TAG, built, tag=tag, default_branch=default)
    event = {"schedule": SCHEDULE, "webhook": PUSH}.get(values.text("BUILDKITE_SOURCE"), OTHER)
    return Run(NAME, event, built, values.branch("BUILDKITE_BRANCH"), default_branch=default)


def _pull_request(values: Values, built: str, default: str) -> Run:
    target = values.branch("BUILDKITE_PULL_REQUEST_BASE_BRANCH")
    against = Against("BUILDKITE_PULL_REQUEST_BASE_BRANCH", branch=target) if target else None
    return Run(
        NAME,
        PULL_REQUEST,
        built,
        _own_name(values.text("BUILDKITE_BRANCH")),
        against=against,
        source=built,
        default_branch=default,
    )


def _own_name(branch: str) -> str:
    """Return the branch without the fork's owner, ``owner:branch`` where the pull request is from a fork."""
    return Values({"BUILDKITE_BRANCH": branch.rpartition(":")[2]}).branch("BUILDKITE_BRANCH")
