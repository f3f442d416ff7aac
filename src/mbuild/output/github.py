"""GitHub Actions' own places: outputs of a step. Pure functions to text (docs.github.com: Workflow commands)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def outputs_text(values: Mapping[str, str]) -> str:
    """Return what is appended to the file GITHUB_OUTPUT, each value between two lines that are no part of it."""
    return "".join(_output(name, value) for name, value in values.items())


def _output(name: str, value: str) -> str:
    # A text cannot hold its own digest, so no value can end itself and begin another output.
    end = "end-" + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name}<<{end}\n{value}\n{end}\n"
