"""Which sources of ADD are repositories or URLs, and so no files of the context.

Rules: BuildKit `frontend/dockerfile/dfgitutil/git_ref.go`, `util/gitutil/git_url.go` and `util/sshutil/scpurl.go`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_PROTOCOL = re.compile(r"([a-zA-Z0-9]+)://")
_SCP = re.compile(r"[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:")


def is_git(source: str) -> bool:
    """Tell whether a source is a git repository: ssh://, git://, user@host:path, or an http(s) URL of a path in `.git`.

    `github.com/owner/name` is one only as a build context, never as a source.
    """
    protocol = _PROTOCOL.match(source)
    if protocol is None:
        return _SCP.match(source) is not None and "\n" not in source
    scheme = protocol[1].lower()
    if scheme in ("http", "https"):
        return _path(source).endswith(".git")
    return scheme in ("ssh", "git")


def is_http(source: str) -> bool:
    """Tell whether a source is a file to be fetched by http(s)."""
    return source.startswith(("http://", "https://")) and not is_git(source)


def is_remote(source: str) -> bool:
    """Tell whether a source is anything but files of the context."""
    return is_http(source) or is_git(source)


def _path(source: str) -> str:
    try:
        return unquote(urlsplit(source).path)
    except ValueError:
        return ""
