"""What build.yaml hands on to BuildKit much as it is written: labels, ssh agents and keys, caches. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from mbuild.errors import HIDDEN
from mbuild.images import Ssh
from mbuild.names import secret_id
from mbuild.references import NameProblem, quoted

OWN_LABELS = "dev.mbuild."
"""Begins the labels that mbuild gives itself."""
FINGERPRINT = f"{OWN_LABELS}fingerprint"
"""The label that says what an image is made of, whatever it is called."""
NAME = "{name}"
"""In the description of a cache: the image's name."""

_CREDENTIALS = frozenset({"access_key_id", "secret_access_key", "session_token", "secret_access_key_base64", "token"})
_CREDENTIALS |= {"account_key", "secret_key", "password"}
"""Keys of cache backends whose values are secret (BuildKit ``cache/remotecache``: s3, azblob, gha)."""
_PATHS = ("src", "dest")


def label_name(text: str) -> str:
    """Check the name of a label: anything on one line that can be given as ``NAME=VALUE``, but none of mbuild's own.

    buildx takes blanks, only the legacy builder refuses them.
    """
    if not re.fullmatch(r"[^=\x00-\x1f\x7f-\x9f\u2028\u2029]+", text):
        raise NameProblem(f"{quoted(text)} is no name of a label")
    if text.startswith(OWN_LABELS):
        raise NameProblem(f"{quoted(text)} is a label that mbuild sets itself")
    return text


def parse_ssh(text: str) -> Ssh:
    """Return what ``docker build --ssh`` takes: ``ID``, the agent of SSH_AUTH_SOCK, or ``ID=SOCKET|KEY[,KEY…]``."""
    identity, given, written = text.partition("=")
    paths = tuple(written.split(",")) if given else ()
    try:
        secret_id(identity)
    except NameProblem:
        raise NameProblem(f"{quoted(text)} is no ssh agent: 'default', or ID=PATH of a socket or key") from None
    if not all(paths):
        raise NameProblem(f"{quoted(text)} names no socket or key after '='")
    return Ssh(identity, paths)


def ssh_option(ssh: Ssh) -> str:
    """Return an agent or keys as ``--ssh`` takes it."""
    return f"{ssh.id}={','.join(ssh.paths)}" if ssh.paths else ssh.id


def cache(text: str) -> str:
    """Check a cache as ``--cache-from`` and ``--cache-to`` take it: ``type=…,KEY=VALUE``, or a reference.

    Credentials in it would be shown to every process of the machine; BuildKit has other ways to them.
    """
    for name, value in _fields(text):
        if name in _CREDENTIALS or re.search("://[^/]*@", value):
            hint = "leave it out: buildx takes it from the environment, as in AWS_SECRET_ACCESS_KEY"
            raise NameProblem(f"{quoted(name)} has no place in the description of a cache", hint)
    return text


def cache_parts(text: str) -> tuple[str, dict[str, str]]:
    """Return the type and the attributes of a cache (BuildKit ``control.proto``, CacheOptionsEntry)."""
    attributes = dict(_fields(text))
    return attributes.pop("type"), attributes


def _fields(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a description; a reference alone is short for that of a registry (buildx, ``buildflags``)."""
    try:
        (parts,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        raise NameProblem(f"{_shown(text)} describes no cache") from None
    if len(parts) == 1 and "=" not in parts[0]:
        return [("type", "registry"), ("ref", parts[0])]
    pairs = [each.partition("=") for each in parts]
    if not all(name and given for name, given, _ in pairs) or "type" not in (name for name, _, _ in pairs):
        raise NameProblem(f"{_shown(text)} describes no cache: type=registry,ref=… does")
    return [(name.lower(), value) for name, _, value in pairs]


def _shown(text: str) -> str:
    """Return a description in which nobody knows where a secret value ends, without that value and what follows."""
    keys = "|".join(sorted(_CREDENTIALS, key=len, reverse=True))
    return quoted(re.sub(rf"({keys})[\s\"]*=.*", rf"\1={HIDDEN}", text, flags=re.DOTALL | re.IGNORECASE))


def placed(text: str, place: Callable[[str], str]) -> str:
    """Return the description of a cache with its paths (``src``, ``dest`` of ``type=local``) put elsewhere."""
    line = io.StringIO()
    pairs = [(name, place(value) if name in _PATHS else value) for name, value in _fields(text)]
    csv.writer(line, lineterminator="").writerow([f"{name}={value}" for name, value in pairs])
    return line.getvalue()
