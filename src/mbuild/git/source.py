"""Where the source of a repository can be looked at, from the URL of its remote. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s\[\]]+):(?!//)(?P<path>.+)")
"""``user@host:path`` (git-clone(1), "GIT URLS"); a host of one letter is a drive of Windows."""


def source_url(remote: str) -> str:
    """Return the ``https`` (or ``http``) form of a remote's URL, without credentials; "" for a path or what is none."""
    if not remote.isascii() or not remote.isprintable() or " " in remote:
        return ""
    if "://" not in remote:
        found = _SCP.fullmatch(remote)
        return _joined("https", found["host"], found["path"]) if found and len(found["host"]) > 1 else ""
    try:
        parts = urlsplit(remote)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme in ("http", "https"):
        return _joined(parts.scheme, f"{_bracketed(host)}:{port}" if port else _bracketed(host), parts.path)
    # The port of another protocol says nothing about https.
    return _joined("https", _bracketed(host), parts.path) if parts.scheme in ("ssh", "git", "git+ssh") else ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _joined(scheme: str, host: str, path: str) -> str:
    short = path.strip("/").removesuffix(".git")
    return f"{scheme}://{host}/{short}" if host and short else ""
