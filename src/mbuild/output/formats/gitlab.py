"""A child pipeline for GitLab CI: one job for each image, waiting for the jobs of its parents.

What a job needs besides (tags of a runner, an image, services) stands below ``default:`` in a file of the user's,
to which this one is added: no key is in both.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from mbuild.output.formats.jobs import Job, jobs, waves
from mbuild.output.formats.yamltext import as_yaml

if TYPE_CHECKING:
    from mbuild.output.report import Report

MOST_NEEDS = 50
"""Entries of ``needs`` (docs.gitlab.com: CI/CD YAML syntax reference, needs)."""

MOST = 500
"""Jobs of a pipeline on the plans that limit them (docs.gitlab.com: GitLab.com settings, CI/CD)."""


def render(report: Report) -> str:
    """Return the pipeline as YAML; where there is nothing to do, with one job that says so."""
    # Without rules of its own, a pipeline whose parent runs for a merge request has no jobs.
    always: dict[str, Any] = {"workflow": {"rules": [{"when": "always"}]}}
    found = jobs(report, MOST)
    if not found:
        nothing = {"script": ["echo 'no image is affected'"], "variables": {"GIT_STRATEGY": "none"}}
        return as_yaml(always | {"nothing to build": nothing})
    stages = waves(found)
    top = always | {"stages": [_stage(each) for each in range(1 + max(stages.values()))]}
    top[".mbuild"] = {"script": [f"{shlex.join(report.again)} $MBUILD_IMAGES"]}
    top |= {_name(job.name): _job(job, stages[job.name]) for job in found}
    return as_yaml(top)


def _job(job: Job, wave: int) -> dict[str, Any]:
    value: dict[str, Any] = {"extends": ".mbuild", "stage": _stage(wave)}
    if len(job.needs) <= MOST_NEEDS:  # else the stages keep the order
        value["needs"] = [_name(each) for each in job.needs]
    return value | {"variables": {"MBUILD_IMAGES": " ".join(job.images)}}


def _name(job: str) -> str:
    """Return a name that is none of GitLab's own keys, as ``image`` and ``cache`` are."""
    return f"build {job}"


def _stage(wave: int) -> str:
    return f"wave {wave + 1}"
