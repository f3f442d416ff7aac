"""Woodpecker CI.

Source: woodpecker-ci.org/docs/usage/environment.
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import OTHER, PULL_REQUEST, PUSH, SCHEDULE, TAG, Against, Run
from mbuild.ci.values import Values

NAME = "Woodpecker CI"
_EVENTS = {"push": PUSH, "cron": SCHEDULE}


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - Woodpecker names no file
    """Read CI_PIPELINE_EVENT, CI_COMMIT_*, CI_PREV_* and CI_REPO_DEFAULT_BRANCH."""
    values = Values(env)
    event, built = values.text("CI_PIPELINE_EVENT"), values.commit("CI_COMMIT_SHA")
    default, target = values.branch("CI_REPO_DEFAULT_BRANCH"), values.branch("CI_COMMIT_TARGET_BRANCH")
    if event.startswith("pull_request") and target:
        source, into = values.branch("CI_COMMIT_SOURCE_BRANCH"), Against("CI_COMMIT_TARGET_BRANCH", branch=target)
        return Run(NAME, PULL_REQUEST, built, source, against=into, source=built, default_branch=default)
    if event in ("tag", "release"):
        return Run(NAME, TAG, built, tag=values.tag("CI_COMMIT_TAG"), default_branch=default)
    branch = values.branch("CI_COMMIT_BRANCH")
    before = _before(values, branch)
    good = before if values.text("CI_PREV_PIPELINE_STATUS") == "success" else None
    against = before if event == "push" else None
    kind = _EVENTS.get(event, OTHER)
    return Run(NAME, kind, built, branch, against=against, default_branch=default, last_success=good)


def _before(values: Values, branch: str) -> Against | None:
    """Return the commit of the previous pipeline where that was a push of this branch: any other counts there, too."""
    same = values.text("CI_PREV_COMMIT_BRANCH") == branch and values.text("CI_PREV_PIPELINE_EVENT") == "push"
    commit = values.commit("CI_PREV_COMMIT_SHA") if same else ""
    return Against("CI_PREV_COMMIT_SHA", commit=commit) if commit else None
