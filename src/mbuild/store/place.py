"""Where mbuild keeps what it has seen happen: the state directory, with a folder for each repository.

State cannot be worked out again, so it is no cache; still no answer depends on it. ``MBUILD_STATE_DIR`` names the
directory (default: the user's state directory).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path


def state_root(environ: Mapping[str, str]) -> Path:
    """Return the state directory. It need not exist."""
    named = environ.get("MBUILD_STATE_DIR")
    if named:
        return Path(named).absolute()
    from platformdirs import user_state_path

    return user_state_path("mbuild")


def state_folder(environ: Mapping[str, str], common_dir: Path) -> Path:
    """Return the folder of one repository.

    common_dir: git's folder that all work trees of the repository share, so that they share what was seen.
    """
    return state_root(environ) / "repositories" / _name(common_dir)


def lock_file(folder: Path, top: Path) -> Path:
    """Return the lock of one work tree below the state folder of its repository."""
    return folder / f"{_name(top)}.lock"


def _name(path: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
