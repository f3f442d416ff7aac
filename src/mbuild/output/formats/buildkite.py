"""Steps for Buildkite: ``mbuild … --format buildkite | buildkite-agent pipeline upload``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from mbuild.output.formats.jobs import Job, jobs
from mbuild.output.formats.yamltext import as_yaml

if TYPE_CHECKING:
    from mbuild.output.report import Report

MOST = 500
"""Steps of one upload (buildkite.com/docs: buildkite-agent pipeline)."""

_LONGEST_KEY = 100


def render(report: Report) -> str:
    """Return the steps as YAML; where there is nothing to do, one step that says so."""
    found = jobs(report, MOST)
    nothing = {"label": "nothing to build", "command": "echo 'no image is affected'"}
    return as_yaml({"steps": [_step(each) for each in found] or [nothing]})


def _step(job: Job) -> dict[str, Any]:
    value: dict[str, Any] = {"label": f"build {job.name}", "key": _key(job.name), "command": _kept(job.command)}
    return value | ({"depends_on": [_key(each) for each in job.needs]} if job.needs else {})


def _key(job: str) -> str:
    """Return a key: letters, digits and ``_-:.,``, not shaped like a UUID (buildkite.com/docs: command step)."""
    key = "image:" + job.replace("/", ":").replace(" ", "-")
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:60]}:{hashlib.sha256(job.encode()).hexdigest()[:16]}"


def _kept(text: str) -> str:
    """Return text that the runner's own replacement of ``$NAME`` leaves alone."""
    return text.replace("$", "$$")
