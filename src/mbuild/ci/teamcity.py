"""TeamCity: what matters is in a file of parameters, which the file TEAMCITY_BUILD_PROPERTIES_FILE names.

Source: jetbrains.com/help/teamcity, "List of predefined build parameters" and "Pull Requests".
"""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.ci.files import Read, properties_file
from mbuild.ci.model import OTHER, PULL_REQUEST, TAG, Against, Run
from mbuild.ci.values import Values

NAME = "TeamCity"
_TARGET = "teamcity.pullRequest.target.branch"


def run(env: Mapping[str, str], read: Read) -> Run:
    """Read BUILD_VCS_NUMBER and, of the parameters, teamcity.pullRequest.*, teamcity.build.branch, vcsroot.branch."""
    built = Values(env).commit("BUILD_VCS_NUMBER")
    values = Values(_parameters(env.get("TEAMCITY_BUILD_PROPERTIES_FILE", ""), read))
    full = values.text("vcsroot.branch")
    default = values.branch("vcsroot.branch") if full.startswith("refs/heads/") else ""
    if target := values.branch(_TARGET):
        source = values.text("teamcity.pullRequest.source.branch") and values.branch(
            "teamcity.pullRequest.source.branch"
        )
        return Run(NAME, PULL_REQUEST, built, source, against=Against(_TARGET, branch=target), source=built)
    branch = values.text("teamcity.build.branch")
    if branch.startswith("refs/tags/"):
        return Run(NAME, TAG, built, tag=values.tag("teamcity.build.branch"), default_branch=default)
    # "<default>" stands for the branch of the VCS root.
    named = default if branch in ("", "<default>") else values.branch("teamcity.build.branch")
    return Run(NAME, OTHER, built, named, default_branch=default)


def _parameters(path: str, read: Read) -> dict[str, str]:
    if not path:
        return {}
    build = properties_file(path, read)
    more = build.get("teamcity.configuration.properties.file", "")
    return build | properties_file(more, read) if more else build
