"""A matrix for GitHub Actions: ``strategy.matrix`` of a job, through ``fromJSON``.

It holds what has a checked grammar and nothing else: no paths, no reasons. Steps put matrix values into shell text, and
a pull request from a fork chooses its paths.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mbuild.output.formats.jobs import Job, jobs
from mbuild.output.runners import harmless_json

if TYPE_CHECKING:
    from mbuild.output.report import Report

MOST = 256
"""Jobs in a matrix (docs.github.com: Workflow syntax, jobs.<job_id>.strategy.matrix)."""


def render(report: Report) -> str:
    """Return one line of JSON: ``{"has_images", "count", "matrix": {"include": [...]}}``."""
    return harmless_json(json.dumps(_value(report))) + "\n"


def outputs(report: Report) -> dict[str, str]:
    """Return the same as outputs of a step."""
    return {key: item if isinstance(item, str) else json.dumps(item) for key, item in _value(report).items()}


def _value(report: Report) -> dict[str, Any]:
    found = jobs(report, MOST)
    images = {name for job in found for name in job.images}
    return {"has_images": bool(found), "count": len(images), "matrix": {"include": [_entry(each) for each in found]}}


def _entry(job: Job) -> dict[str, str]:
    return {"name": job.name, "images": " ".join(job.images), "command": job.command}
