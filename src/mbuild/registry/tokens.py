"""Access tokens for an identity token: OAuth2 (distribution ``docs/spec/auth/oauth.md``, RFC 6749 section 6)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

import requests
from dxf import exceptions as dxf_exceptions

SECONDS = 60.0
_CLIENT = "mbuild"
_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def access_token(refused: requests.Response, identity: str, *, insecure: bool) -> str:
    """Return the token that a registry's answer of 401 asks for. insecure: it is asked without TLS.

    The identity token goes nowhere without TLS. Raises requests' and dxf's errors, as other requests do.
    """
    challenge = refused.headers.get("WWW-Authenticate", "")
    said = {name.lower(): value for name, value in _PAIR.findall(challenge)}
    if insecure:
        raise dxf_exceptions.DXFAuthInsecureError
    if not challenge.lower().startswith("bearer ") or not said.get("realm"):
        raise dxf_exceptions.DXFUnauthorizedError
    form = {"grant_type": "refresh_token", "refresh_token": identity, "client_id": _CLIENT}
    form |= {name: said[name] for name in ("service", "scope") if said.get(name)}
    url = urlunsplit(urlsplit(said["realm"])._replace(scheme="https"))
    answer = requests.post(url, data=form, timeout=SECONDS, allow_redirects=False)
    answer.raise_for_status()
    try:
        return str(answer.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        raise dxf_exceptions.DXFUnauthorizedError from None
