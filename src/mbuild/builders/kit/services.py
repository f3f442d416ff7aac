"""What an engine may ask for besides folders: credentials and build secrets (moby/buildkit ``session/``).

A service answers one call. What it raises as EnvironmentFault ends the build with that error.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mbuild.builders.kit.channel import NOT_FOUND, UNKNOWN, Stream
from mbuild.builders.kit.wire import last, text
from mbuild.builders.masking import MOST_BYTES
from mbuild.images import Secret

_CREDENTIALS = "/moby.filesync.v1.Auth/Credentials"
_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"  # noqa: S105 - the name of a method

Service = Callable[[Stream], None]
Services = Mapping[str, Service]
"""By the path of the method."""

Login = Callable[[str], tuple[str, str]]
"""Returns user name and password for the host of a registry, two times nothing where there are none; for an identity
token, no name and the token. Raises EnvironmentFault."""


def logging_in(login: Login | None) -> Services:
    """Return what hands out credentials for registries (``session/auth/auth.proto``); nothing without a login."""
    if login is None:
        return {}

    def answer(stream: Stream) -> None:
        user, password = login(_asked(stream))
        stream.answer(text(1, user) + text(2, password))

    return {_CREDENTIALS: answer}


def handing_out(secrets: Iterable[Secret], environ: Mapping[str, str]) -> Services:
    """Return what hands out build secrets, each with its value at that time (``session/secrets/secrets.proto``)."""
    known = {each.id: each for each in secrets}

    def answer(stream: Stream) -> None:
        secret = known.get(_asked(stream))
        if secret is None:
            stream.finish(NOT_FOUND, "no such secret")
            return
        try:
            stream.answer(text(1, _value(secret, environ)))
        except (OSError, ValueError) as error:
            stream.finish(UNKNOWN, f"secret '{secret.id}' cannot be read: {_reason(error)}")

    return {_SECRET: answer} if known else {}


def unreadable(secrets: Iterable[Secret]) -> str:
    """Return why the first secret that cannot be read at all cannot be; "" where all can, as far as can be told."""
    for each in secrets:
        try:
            if each.file:
                described = Path(each.file).stat()
                if stat.S_ISDIR(described.st_mode):
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), each.file)
                if described.st_size > MOST_BYTES:
                    raise ValueError(_too_large(each))
        except (OSError, ValueError) as error:
            return f"secret '{each.id}' cannot be read: {_reason(error)}"
    return ""


def _asked(stream: Stream) -> str:
    """Return the name that is asked for: field 1 of either request."""
    return last(stream.receive() or b"", 1).decode("utf-8", "replace")


def _value(secret: Secret, environ: Mapping[str, str]) -> bytes:
    """Return a secret's value; a variable that is not set is empty (``secretsprovider/store.go``)."""
    if secret.env:
        return environ.get(secret.env, "").encode("utf-8", "surrogateescape")
    with Path(secret.file).open("rb") as file:
        value = file.read(MOST_BYTES + 1)
    if len(value) > MOST_BYTES:
        raise ValueError(_too_large(secret))
    return value


def _too_large(secret: Secret) -> str:
    return f"{secret.file} has more than {MOST_BYTES} bytes"


def _reason(error: OSError | ValueError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
