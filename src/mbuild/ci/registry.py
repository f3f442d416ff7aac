"""The providers: a variable that each sets, and the module that reads the rest."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mbuild.ci.files import Read
    from mbuild.ci.model import Provider, Run


PROVIDERS: tuple[tuple[str, str, str], ...] = (
    # variable, its value ("": any), module
    ("GITHUB_ACTIONS", "", "github"),
    ("GITLAB_CI", "", "gitlab"),
    ("BUILDKITE", "", "buildkite"),
    ("CIRCLECI", "", "circleci"),
    ("TF_BUILD", "", "azure"),
    ("JENKINS_URL", "", "jenkins"),
    ("BITBUCKET_BUILD_NUMBER", "", "bitbucket"),
    ("CI", "woodpecker", "woodpecker"),
    ("DRONE", "", "drone"),
    ("TEAMCITY_VERSION", "", "teamcity"),
    # Enough by themselves, for scripts that set them.
    ("GITHUB_BASE_REF", "", "github"),
    ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "", "gitlab"),
)


def current(env: Mapping[str, str], read: Read | None = None) -> Run | None:
    """Return the run that the environment describes, or None outside of CI. Raises GitError."""
    for variable, value, name in PROVIDERS:
        if env.get(variable) and value in ("", env[variable]):
            from mbuild.ci.files import read_file

            provider: Provider = importlib.import_module(f"mbuild.ci.{name}")
            return provider.run(env, read or read_file)
    return None
