"""The platform of images that name none."""

from __future__ import annotations

import os
from collections.abc import Mapping

from mbuild.errors import UsageError


def native_platform() -> str:
    """Return the platform of this machine as Docker names it: what images without ``platforms`` are built for."""
    from mbuild.platforms import of_machine

    return of_machine(os.uname().machine)


def default_platform(environ: Mapping[str, str]) -> str:
    """Return the platform that a variable of the docker client names, "" where it does not. Raises UsageError."""
    given = environ.get("DOCKER_DEFAULT_PLATFORM", "")
    if not given:
        return ""
    from mbuild.platforms import platform as checked_platform
    from mbuild.references import NameProblem

    try:
        return checked_platform(given)
    except NameProblem as error:
        raise UsageError(f"DOCKER_DEFAULT_PLATFORM: {error.problems[0].message}") from error
