"""Credentials as the ``docker`` command finds them: ``config.json``, ``credHelpers`` and ``credsStore``."""

from __future__ import annotations

import re

from mbuild.errors import EnvironmentFault
from mbuild.values import dataclass, field

HUB = "docker.io"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password, or an identity token. Never printed: none is part of its ``repr``.

    identity: what ``docker login`` got from a registry that keeps no passwords (an OAuth2 refresh token), else "".
    """

    user: str = field(repr=False, default="")
    password: str = field(repr=False, default="")
    identity: str = field(repr=False, default="")


def _why(error: Exception) -> str:
    """Return what went wrong; what a helper wrote before it failed may be a secret."""
    failed = re.search(r"(docker-credential-\S+) exited with", str(error))
    return f"{failed[1]} failed" if failed else str(error)


def find(host: str) -> Credentials | None:
    """Return the credentials for a registry's host, None where there are none.

    Raises EnvironmentFault when the configuration or a credential helper fails, or holds what cannot be used here.
    """
    import warnings

    from docker import auth
    from docker.errors import DockerException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a helper that is missing: the error says it too
            entry = auth.load_config().resolve_authconfig(auth.INDEX_NAME if host == HUB else host) or {}
    except (DockerException, ValueError, AttributeError) as error:
        # ValueError: base64 or JSON that is none; AttributeError: entries that are no mapping.
        raise EnvironmentFault(f"the credentials for {host} cannot be read: {_why(error)}") from error
    found = {key.lower(): value for key, value in entry.items() if value}
    if "identitytoken" in found:
        return Credentials(identity=str(found["identitytoken"]))
    if "username" not in found or "password" not in found:
        return None
    return Credentials(str(found["username"]), str(found["password"]))
