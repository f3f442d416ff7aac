"""What BuildKit refuses in the repositories that ADD names: their query, and how it fits the flags.

Rules: BuildKit `frontend/dockerfile/dfgitutil/git_ref.go` (`loadQuery`) and `dockerfile2llb/convert_copy.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from mbuild.dockerfile.gitsource import is_git, is_github_path, is_pair, query_of
from mbuild.dockerfile.gotext import FALSE, TRUE
from mbuild.dockerfile.refused import Refused, near

_BOOLEANS = ("submodules", "keep-git-dir", "fetch-by-commit")
_KEYS = ("ref", "tag", "branch", "subdir", "checksum", "commit", "mtime", *_BOOLEANS)
_PREFIXES = {"ref": "", "tag": "refs/tags/", "branch": "refs/heads/"}


def check_repositories(sources: Iterable[str], checksum: str, keep_git_dir: str) -> None:
    """Check the sources of an ADD that are repositories, or look like one of GitHub. Raises Refused.

    checksum, keep_git_dir: the flags, "" when they are not given.
    """
    for source in sources:
        if is_github_path(source):
            _query(source)
        elif is_git(source):
            query = _query(source)
            checksum = _agreed(source, "checksum", checksum, query.get("checksum") or query.get("commit", ""))
            if "keep-git-dir" in query:
                kept = "true" if query["keep-git-dir"] in ("", *TRUE) else "false"
                keep_git_dir = _agreed(source, "keep-git-dir", keep_git_dir, kept)


def _query(source: str) -> Mapping[str, str]:
    """Return the checked query of a repository, one value for each key."""
    text = "&".join(filter(is_pair, query_of(source).split("&")))
    found = {}
    for key, values in parse_qs(text, keep_blank_values=True).items():
        if len(values) > 1:
            raise Refused(f"{source}: the query '{key}' is given twice")
        _check(source, key, values[0])
        found[key] = values[0]
    ref, _, folder = source.partition("#")[2].partition(":")
    _agreed(source, "subdir", folder.strip("/"), found.get("subdir", ""))
    if "tag" in found and "branch" in found:
        raise Refused(f"{source}: a tag and a branch are given")
    for key, prefix in _PREFIXES.items():
        if key in found:
            ref = _agreed(source, "ref", ref, prefix + found[key].removeprefix(prefix))
    return found


def _check(source: str, key: str, value: str) -> None:
    if key not in _KEYS:
        raise Refused(f"{source}: unknown query '{key}'", *near(key, _KEYS))
    if key in _BOOLEANS:
        if value not in ("", *TRUE, *FALSE):
            raise Refused(f"{source}: the query '{key}' is true or false, not '{value}'")
    elif not value:
        raise Refused(f"{source}: the query '{key}' has no value")
    elif key == "mtime" and value not in ("checkout", "commit"):
        raise Refused(f"{source}: the query 'mtime' is checkout or commit, not '{value}'")


def _agreed(source: str, what: str, one: str, other: str) -> str:
    """Return the one value that two places give."""
    if one and other and one != other:
        raise Refused(f"{source}: two values are given for {what}: {one} and {other}")
    return other or one
