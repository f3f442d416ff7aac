"""Azure Pipelines.

Source: learn.microsoft.com, "Use predefined variables" (System.PullRequest.*, Build.*); dots become underscores.
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import OTHER, PULL_REQUEST, PUSH, SCHEDULE, TAG, Against, Run
from mbuild.ci.values import Values

NAME = "Azure Pipelines"
_EVENTS = {"IndividualCI": PUSH, "BatchedCI": PUSH, "Schedule": SCHEDULE}


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - Azure names no file
    """Read SYSTEM_PULLREQUEST_*, BUILD_REASON, BUILD_SOURCEBRANCH and BUILD_SOURCEVERSION."""
    values = Values(env)
    built, full = values.commit("BUILD_SOURCEVERSION"), values.text("BUILD_SOURCEBRANCH")
    # A full name for Azure Repos, a short one for GitHub.
    if target := values.branch("SYSTEM_PULLREQUEST_TARGETBRANCH"):
        return Run(
            NAME,
            PULL_REQUEST,
            built,
            values.branch("SYSTEM_PULLREQUEST_SOURCEBRANCH"),
            against=Against("SYSTEM_PULLREQUEST_TARGETBRANCH", branch=target),
            source=values.commit("SYSTEM_PULLREQUEST_SOURCECOMMITID"),
        )
    if full.startswith("refs/tags/"):
        return Run(NAME, TAG, built, tag=values.tag("BUILD_SOURCEBRANCH"))
    branch = values.branch("BUILD_SOURCEBRANCH") if full.startswith("refs/heads/") else ""
    return Run(NAME, _EVENTS.get(values.text("BUILD_REASON"), OTHER), built, branch)
