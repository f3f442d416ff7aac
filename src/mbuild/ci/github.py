"""GitHub Actions, and what runs its workflows elsewhere (Gitea, Forgejo).

Source: docs.github.com, "Variables reference" and "Events that trigger workflows"; the payloads in "Webhook events".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mbuild.ci.files import Read, json_file
from mbuild.ci.model import MERGE_QUEUE, OTHER, PULL_REQUEST, PUSH, SCHEDULE, TAG, Against, Run, pushed
from mbuild.ci.values import Values, commit, ref, within
from mbuild.errors import GitError

NAME = "GitHub Actions"
_PULL_REQUESTS = ("pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment")


def run(env: Mapping[str, str], read: Read) -> Run:
    """Read GITHUB_EVENT_NAME, GITHUB_REF, GITHUB_SHA, GITHUB_BASE_REF and the file GITHUB_EVENT_PATH."""
    values, name = Values(env), env.get("GITHUB_EVENT_NAME", "")
    event = _event(values.text("GITHUB_EVENT_PATH"), read, needed=name in ("push", "merge_group"))
    default = ref("repository.default_branch", within(event, "repository", "default_branch"))
    built = values.commit("GITHUB_SHA")
    if name in _PULL_REQUESTS or values.text("GITHUB_BASE_REF"):
        return _pull_request(values, event, built, default)
    if name == "merge_group":
        base = commit("merge_group.base_sha", within(event, "merge_group", "base_sha"))
        against = Against("merge_group.base_sha", commit=base) if base else None
        return Run(NAME, MERGE_QUEUE, built, against=against, default_branch=default)
    if values.text("GITHUB_REF").startswith("refs/tags/"):
        return Run(NAME, TAG, built, tag=values.tag("GITHUB_REF"), default_branch=default)
    branch = values.branch("GITHUB_REF") if values.text("GITHUB_REF").startswith("refs/heads/") else ""
    if name == "push":
        before = commit("before", within(event, "before"))
        against = pushed("the push's before", before, branch=branch, default_branch=default)
        return Run(NAME, PUSH, built, branch, against=against, default_branch=default)
    return Run(NAME, SCHEDULE if name == "schedule" else OTHER, built, branch, default_branch=default)


def _event(path: str, read: Read, *, needed: bool) -> dict[str, Any]:
    if path:
        return json_file(path, read)
    if needed:
        raise GitError("GITHUB_EVENT_PATH is not set, so the commit before the push is not known", "--base REF")
    return {}


def _pull_request(values: Values, event: dict[str, Any], built: str, default: str) -> Run:
    target = values.branch("GITHUB_BASE_REF") or ref("base.ref", within(event, "pull_request", "base", "ref"))
    base = commit("pull_request.base.sha", within(event, "pull_request", "base", "sha"))
    return Run(
        NAME,
        PULL_REQUEST,
        built,
        values.branch("GITHUB_HEAD_REF"),
        against=Against("GITHUB_BASE_REF", target, base) if target else None,
        source=commit("pull_request.head.sha", within(event, "pull_request", "head", "sha")),
        default_branch=default,
    )
