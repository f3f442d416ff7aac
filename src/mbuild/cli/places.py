"""Files that a CI provider names by environment variables, for a step to write to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mbuild.errors import EnvironmentFault
from mbuild.output.github import outputs_text


def write_outputs(values: Mapping[str, str]) -> None:
    """Set outputs of the step, where GitHub Actions runs it."""
    _append("GITHUB_OUTPUT", outputs_text(values))


def _append(variable: str, text: str) -> None:
    place = os.environ.get(variable, "")
    if not place:
        return
    try:
        with Path(place).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise EnvironmentFault(f"{place} ({variable}): {error.strerror}") from error
