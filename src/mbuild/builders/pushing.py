"""Pushing and pulling through a Docker Engine.

The engine says "pushed" too early for some failures and never for others (a wrong digest is accepted, a stalled upload
has no time-out): so silence ends an attempt here, and whoever pushes reads the result back from the registry.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mbuild.errors import EnvironmentFault
from mbuild.references import parse_reference
from mbuild.registry.attempts import Failure, pause
from mbuild.registry.manifest import RegistryError

SILENCE_SECONDS = 60.0
"""Without a word of progress for so long, an attempt has failed."""

OWN_TRIES = 2
"""The engine tries blobs again by itself, for a minute or so: as many attempts less are made here."""

_STATUS = re.compile(r"(?:unexpected status[^:]*(?:https?:[^ ]*)?:|HTTP status:|error parsing HTTP) ([45]\d\d)\b")
_WORDS = (
    (401, ("unauthorized", "no basic auth credentials", "authentication required")),
    (403, ("denied", "insufficient_scope")),
    (429, ("toomanyrequests", "too many requests")),
    (404, ("manifest unknown", "not found", "does not exist")),
)
_PASSING = (
    "EOF",
    "connection reset",
    "connection refused",
    "broken pipe",
    "timeout",
    "i/o",
    "no such host",
    "TLS handshake",
    # Of a registry to which others push the same layers at this moment (distribution-spec, "Error Codes").
    "blob unknown",
    "blob upload",
)


def push(client: Any, name: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """Push one name of an image of the engine; returns the digest by the engine's word, "" where it gives none.

    client: a ``docker.APIClient``. Raises RegistryError.
    """
    reference = parse_reference(name)
    path, params = f"/images/{reference.familiar}/push", {"tag": reference.tag}
    return _tried(f"pushing {name} failed", lambda: _stream(client, reference.domain, path, params), sleep)


def pull(client: Any, name: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """Pull one image into the engine; returns its digest by the engine's word, or "". Raises RegistryError."""
    reference = parse_reference(name)
    params = {"fromImage": reference.familiar, "tag": reference.tag}
    return _tried(f"pulling {name} failed", lambda: _stream(client, reference.domain, "/images/create", params), sleep)


def _tried(what: str, attempt: Callable[[], str | Failure], sleep: Callable[[float], None]) -> str:
    count = 1 + OWN_TRIES
    while isinstance(found := attempt(), Failure):
        seconds = pause(found, count, datetime.now(UTC))
        if seconds is None:
            hints = ("log in with docker login",) if found.is_refusal else ()
            raise RegistryError(what, found, *hints)
        sleep(seconds)
        count += 1
    return found


def _stream(client: Any, registry: str, path: str, params: Mapping[str, str]) -> str | Failure:
    """Make one request whose answer is a stream of messages; returns the digest among them."""
    from docker import auth
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        header = auth.get_config_header(client, auth.INDEX_NAME if registry == "docker.io" else registry)
    except DockerException as error:
        raise EnvironmentFault(f"the credentials for {registry} cannot be read: {error}") from error
    headers = {"X-Registry-Auth": header or auth.encode_header({})}  # the engine wants one in any case
    try:
        response = client._post(client._url(path), params=params, headers=headers, stream=True, timeout=SILENCE_SECONDS)
        try:
            client._raise_for_status(response)
            return _answer(response.iter_lines())
        finally:
            response.close()
    except APIError as error:
        return failure_of(str(error.explanation or error))
    except RequestException as error:
        return Failure(f"the engine said nothing for {SILENCE_SECONDS:g} s, or is gone: {error}")


def _answer(lines: Iterator[bytes]) -> str | Failure:
    """Return the digest among the messages, or how it failed. With containerd's store an engine repeats itself."""
    digest, told, moved = "", dict[str, bytes](), time.monotonic()
    for line in lines:
        message = json.loads(line) if line.strip() else {}
        about = str(message.get("id"))
        if told.get(about) != line:
            told[about], moved = line, time.monotonic()
        elif time.monotonic() - moved > SILENCE_SECONDS:
            return Failure(f"the engine said nothing new for {SILENCE_SECONDS:g} s")
        if "error" in message:
            return failure_of(str(message.get("errorDetail", {}).get("message") or message["error"]))
        aux = message.get("aux")
        if isinstance(aux, dict) and aux.get("Digest"):
            digest = str(aux["Digest"])
    return digest


def failure_of(text: str) -> Failure:
    """Return what kind of failure the engine's words tell of: it hands on what the registry or the network said."""
    line = " ".join(text.split())
    status = _STATUS.search(line)
    if status:
        return Failure(line, int(status[1]))
    lower = line.lower()
    for code, words in _WORDS:
        if any(word in lower for word in words):
            return Failure(line, code)
    return Failure(line, 0 if any(word.lower() in lower for word in _PASSING) else 400)
