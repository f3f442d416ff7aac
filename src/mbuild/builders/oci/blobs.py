"""Writing blobs so that there is never a partial one: a temporary file, fsync, rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import IO

from mbuild.builders.oci.descriptor import Descriptor

STALE_SECONDS = 3600.0


class BlobWriter:
    """A blob being written. ``commit`` puts it in place; leaving the ``with`` block without it leaves nothing."""

    def __init__(self, folder: Path, scratch: Path, media_type: str) -> None:
        """Start a blob of ``folder`` (…/blobs/sha256) as a temporary file in ``scratch`` on the same file system."""
        self._folder = folder
        self._media_type = media_type
        self._file = temporary(scratch)
        self._hash = hashlib.sha256()
        self._size = 0
        self._committed = False

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._committed:
            with contextlib.suppress(FileNotFoundError):
                Path(self._file.name).unlink()
        self._file.close()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append bytes."""
        self._hash.update(data)
        self._size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Do nothing: ``commit`` flushes (file objects are expected to have this)."""

    def commit(self) -> Descriptor:
        """Move the blob to its place under the name of its digest, and return what points to it."""
        digest = self._hash.hexdigest()
        publish(self._file, self._folder / digest)
        self._committed = True
        return Descriptor(self._media_type, f"sha256:{digest}", self._size)


def temporary(scratch: Path) -> IO[bytes]:
    """Create a temporary file that is locked for as long as it is open, so that others can tell it from a leftover."""
    import fcntl

    file = tempfile.NamedTemporaryFile(dir=scratch, prefix="part-", delete=False)  # noqa: SIM115 - the caller closes it
    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def publish(file: IO[bytes], place: Path) -> None:
    """Make a temporary file appear under ``place``, whole or not at all, also when the machine stops."""
    file.flush()
    os.fchmod(file.fileno(), 0o644)
    os.fsync(file.fileno())
    Path(file.name).replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep(scratch: Path) -> None:
    """Remove what killed processes left: old temporary files that nobody holds."""
    import fcntl

    for path in scratch.glob("part-*"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
