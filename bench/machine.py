"""Facts on the machine and the programs that figures depend on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from bench.meter import environment


def machine(mbuild: str) -> dict[str, Any]:
    """Return what belongs beside every figure."""
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000,
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "git": _said("git", "--version").removeprefix("git version "),
        "mbuild": _said(mbuild, "--version"),
        "commit": _said("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"),
        "engine": _said("docker", "version", "--format", "{{.Server.Version}}") or None,
    }


def _said(*argv: str) -> str:
    """Return what a command prints, "" where it fails."""
    try:
        done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
