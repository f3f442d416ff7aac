"""Which sources of ADD are repositories or URLs, and so no files of the context.

Rules: BuildKit `frontend/dockerfile/dfgitutil/git_ref.go`, `util/gitutil/git_url.go` and `util/sshutil/scpurl.go`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

# Few Dockerfiles have such sources, and to compile these expressions takes milliseconds: `re` does when they are used.

# What Go's `url.Parse` takes: BuildKit calls a repository whose URL it refuses, as in ssh://host:path, a file.
_HOST = "A-Za-z0-9!$&'()*+,;=<>\"._~\x80-\U0010ffff-"
_URL = (
    r"[a-zA-Z][a-zA-Z0-9]*://(?:[A-Za-z0-9._:~!$&'()*+,;=%@-]*@)?"
    rf"(?:\[[^\]/?#]*\](?::[0-9]*)?|[:{_HOST}]*:[0-9]*|[{_HOST}]*)"
    r"(/(?:[^%?#]|%[0-9a-fA-F]{2})*)?(?:\?[^#]*)?(?:#(?:[^%]|%[0-9a-fA-F]{2})*)?"
)
_CONTROL = r"[\x00-\x1f\x7f]"
_BAD_ESCAPE = "%(?![0-9a-fA-F]{2})"
_PAIR = r"(?s:[^%;]|%[0-9a-fA-F]{2})*"
_PROTOCOL = r"([a-zA-Z0-9]+)://"
_SCP = r"[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:"


def is_git(source: str) -> bool:
    """Tell whether a source is a git repository: ssh://, git://, user@host:path, or an http(s) URL of a path in `.git`.

    `github.com/owner/name` is one only as a build context, never as a source.
    """
    protocol = re.match(_PROTOCOL, source)
    if protocol is None:
        scp = re.match(_SCP, source) is not None and "\n" not in source
        return scp and all(map(is_pair, query_of(source).split("&")))
    url = re.fullmatch(_URL, source)
    if url is None or re.search(_CONTROL, source):
        return False
    scheme = protocol[1].lower()
    if scheme in ("http", "https"):
        return unquote(url[1] or "").endswith(".git")
    return scheme in ("ssh", "git")


def is_github_path(source: str) -> bool:
    """Tell whether a source is a file that BuildKit reads as a repository first: `github.com/owner/name`."""
    before, _, fragment = source.partition("#")
    escaped = before.partition("?")[0] + fragment
    return source.startswith("github.com/") and not re.search(_CONTROL, source) and not re.search(_BAD_ESCAPE, escaped)


def query_of(source: str) -> str:
    """Return what stands behind a `?`."""
    return source.partition("#")[0].partition("?")[2]


def is_pair(text: str) -> bool:
    """Tell whether Go takes a text between two `&` for a key and a value, and does not pass over it."""
    return re.fullmatch(_PAIR, text) is not None


def is_http(source: str) -> bool:
    """Tell whether a source is a file to be fetched by http(s)."""
    return source.startswith(("http://", "https://")) and not is_git(source)


def is_remote(source: str) -> bool:
    """Tell whether a source is anything but files of the context."""
    return ":" in source and (is_http(source) or is_git(source))
