"""Bitbucket Pipelines. A pull request's run merges the destination into the source before it starts.

Source: support.atlassian.com, "Variables and secrets" and "Use pull requests in Pipelines".
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read
from mbuild.ci.model import OTHER, PULL_REQUEST, TAG, Against, Run
from mbuild.ci.values import Values

NAME = "Bitbucket Pipelines"


def run(env: Mapping[str, str], read: Read) -> Run:  # noqa: ARG001 - Bitbucket names no file
    """Read BITBUCKET_PR_DESTINATION_*, BITBUCKET_COMMIT, BITBUCKET_BRANCH and BITBUCKET_TAG."""
    values = Values(env)
    built = values.commit("BITBUCKET_COMMIT")
    if target := values.branch("BITBUCKET_PR_DESTINATION_BRANCH"):
        # May be cut to twelve digits, with which nothing can be fetched.
        tip = values.commit("BITBUCKET_PR_DESTINATION_COMMIT")
        against = Against("BITBUCKET_PR_DESTINATION_BRANCH", target, tip)
        return Run(NAME, PULL_REQUEST, built, values.branch("BITBUCKET_BRANCH"), against=against, source=built)
    if tag := values.tag("BITBUCKET_TAG"):
        return Run(NAME, TAG, built, tag=tag)
    return Run(NAME, OTHER, built, values.branch("BITBUCKET_BRANCH"))
