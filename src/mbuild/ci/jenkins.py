"""Jenkins: multibranch projects and the git plugin.

Source: the branch API plugin's and the git plugin's lists of environment variables (plugins.jenkins.io/git).
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import OTHER, PULL_REQUEST, PUSH, TAG, Against, Run
from mbuild.ci.values import Values, ref

NAME = "Jenkins"


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - Jenkins names no file
    """Read CHANGE_TARGET, TAG_NAME, BRANCH_NAME and GIT_PREVIOUS_SUCCESSFUL_COMMIT."""
    values = Values(env)
    built = values.commit("GIT_COMMIT")
    if target := values.branch("CHANGE_TARGET"):
        # A merge that Jenkins makes has the pull request as one parent, but no variable says which commit that was.
        against = Against("CHANGE_TARGET", branch=target)
        return Run(NAME, PULL_REQUEST, built, values.branch("CHANGE_BRANCH"), against=against)
    if tag := values.tag("TAG_NAME"):
        return Run(NAME, TAG, built, tag=tag)
    branch = values.branch("BRANCH_NAME") or ref("GIT_BRANCH", values.branch("GIT_BRANCH").removeprefix("origin/"))
    before = values.commit("GIT_PREVIOUS_SUCCESSFUL_COMMIT")
    good = Against("GIT_PREVIOUS_SUCCESSFUL_COMMIT", commit=before) if before else None
    # The git plugin sets both where there was a success on this branch, however often it failed since.
    first = bool(built) and not before
    return Run(NAME, PUSH if branch else OTHER, built, branch, against=good, last_success=good, first=first)
