"""A configuration for CircleCI's continuation: one workflow with a job for each image."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from mbuild.output.formats.jobs import Job, jobs
from mbuild.output.formats.yamltext import as_yaml

if TYPE_CHECKING:
    from mbuild.output.report import Report

MOST = 250
"""Jobs of the workflow: few enough for a file of moderate size; CircleCI documents no number."""


def render(report: Report) -> str:
    """Return the configuration as YAML; where there is nothing to do, with one job that says so."""
    found = jobs(report, MOST)
    name, job = ("mbuild", _building(report)) if found else ("nothing-to-build", _NOTHING)
    used: list[Any] = [{"mbuild": _use(each)} for each in found] or [name]
    return as_yaml({"version": 2.1, "jobs": {name: job}, "workflows": {"mbuild": {"jobs": used}}})


_NOTHING: dict[str, Any] = {
    "docker": [{"image": "cimg/base:stable"}],
    "resource_class": "small",
    "steps": [{"run": {"name": "Nothing to build", "command": "echo 'no image is affected'"}}],
}


def _building(report: Report) -> dict[str, Any]:
    # `<<` would begin a parameter of CircleCI's.
    again = shlex.join(report.again).replace("<<", "\\<<")
    install = {"name": "Install mbuild", "command": "command -v mbuild || pip install mbuild-cli"}
    build = {"name": "Build", "command": f"{again} << parameters.images >>"}
    return {
        "parameters": {"images": {"type": "string"}},
        "machine": {"image": "default"},
        "steps": ["checkout", {"run": install}, {"run": build}],
    }


def _use(job: Job) -> dict[str, Any]:
    value: dict[str, Any] = {"name": f"build {job.name}", "images": " ".join(job.images)}
    return value | ({"requires": [f"build {each}" for each in job.needs]} if job.needs else {})
