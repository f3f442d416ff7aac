"""Where mbuild keeps what it has seen happen: the state directory, with a folder for each repository.

State cannot be worked out again, so it is no cache; still no answer depends on it. ``MBUILD_STATE_DIR`` names the
directory (default: the user's state directory).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from mbuild.errors import EnvironmentFault

IGNORED = ".gitignore"


def make_own(folder: Path) -> bool:
    """Make a folder that nobody but mbuild writes to; tells whether git sees nothing in it. Raises OSError.

    It may lie in a work tree, and what is untracked there counts as input of images. So this is for folders below the
    one that a user names, which may hold other things.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignored = folder / IGNORED
    with contextlib.suppress(OSError):
        if ignored.stat().st_size:  # on a full disk there may be an empty one
            return True
    try:
        _write_at_once(ignored, b"*\n")
    except OSError:
        with contextlib.suppress(OSError):
            ignored.unlink()
        return False  # what is there already may still be written to
    return True


def _write_at_once(file: Path, data: bytes) -> None:
    """Write a file that nobody sees before it is whole: git may be looking for what is untracked just now."""
    with contextlib.suppress(AttributeError, OSError):  # not on other systems, and not on every file system
        with os.fdopen(os.open(file.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666), "wb", 0) as unnamed:
            unnamed.write(data)
            os.link(f"/proc/self/fd/{unnamed.fileno()}", file, follow_symlinks=True)
        return
    if not file.exists() or not file.stat().st_size:  # or another run was as quick
        file.write_bytes(data)


def state_root(environ: Mapping[str, str]) -> Path:
    """Return the state directory. It need not exist. Raises EnvironmentFault for a user without a home."""
    named = environ.get("MBUILD_STATE_DIR")
    if named:
        return Path(named).absolute()
    from platformdirs import user_state_path

    try:
        found = user_state_path("mbuild")
    except RuntimeError:
        found = Path()
    if not found.is_absolute():
        raise EnvironmentFault("this user has no home directory", "set HOME or MBUILD_STATE_DIR")
    return found


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
