"""Output variables for Azure Pipelines: a job's matrix comes from an expression over the output of an earlier one.

The answer is made of logging commands, which the runner takes from standard output (learn.microsoft.com: Logging
commands): a step needs nothing but the command itself.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from mbuild.output.formats.jobs import Job, jobs

if TYPE_CHECKING:
    from mbuild.output.report import Report

MOST = 256
_LONGEST_NAME = 100


def render(report: Report) -> str:
    """Return ``##vso[task.setvariable …]`` lines for ``has_images`` and ``matrix``."""
    found = jobs(report, MOST)
    matrix = {name: _entry(job) for name, job in zip(_names(found), found, strict=True)}
    return _variable("has_images", json.dumps(bool(found))) + _variable("matrix", json.dumps(matrix))


def _variable(name: str, value: str) -> str:
    """Return the command; of a message, the runner takes back these three escapes."""
    text = value.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")
    return f"##vso[task.setvariable variable={name};isOutput=true]{text}\n"


def _names(found: tuple[Job, ...]) -> list[str]:
    """Return names of matrix legs: letters, digits and ``_``, beginning with a letter, at most 100 of them."""
    names: list[str] = []
    for job in found:
        name = re.sub("[^a-z0-9]", "_", f"image_{job.name}")[: _LONGEST_NAME - 10]
        number = 1
        while (tried := f"{name}_{number}" if number > 1 else name) in names:
            number += 1
        names.append(tried)
    return names


def _entry(job: Job) -> dict[str, str]:
    return {"name": job.name, "images": " ".join(job.images), "command": job.command}
