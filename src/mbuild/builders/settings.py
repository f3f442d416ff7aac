"""The docker client's own settings (``config.json``), as far as they say what a build or a question is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def folder_of(environ: Mapping[str, str]) -> Path:
    """Return where the docker client keeps its settings. A user without a home has none."""
    return Path(environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - pathlib's may raise


def read_settings(path: Path) -> dict[str, Any]:
    """Read a JSON object; {} where there is no file. Raises OSError, or ValueError for anything else."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(found, dict):
        raise ValueError(path)
    return found
