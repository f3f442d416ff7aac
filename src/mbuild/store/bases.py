"""Which builds of external images an image was made of, remembered by the image's id: a small file for each image.

An engine keeps nothing of it, and a release record wants it of images that were built by an earlier run. It decides
nothing: where it is missing or damaged, it is not known.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from mbuild.store.place import make_own

FOLDER = "bases"
MOST = 5_000
"""How many images are remembered; beyond that, half of them, the oldest, are forgotten."""


class Bases:
    """What is remembered for one repository. May be used by several threads and runs at once."""

    def __init__(self, state: Path) -> None:
        """Take the state folder of the repository. Nothing is made before it is needed."""
        self._folder = state / FOLDER

    def get(self, image_id: str | None) -> Mapping[str, str]:
        """Return the external images of an image → digest; none where it is not known."""
        try:
            found = json.loads(self._file(image_id or "").read_bytes())
            return dict(found["bases"]) if found["checksum"] == _checksum(found["bases"]) else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def put(self, image_id: str | None, bases: Mapping[str, str]) -> None:
        """Remember the external images of an image; what cannot be written is not remembered."""
        if not bases or not image_id:
            return
        with contextlib.suppress(OSError, ValueError):
            file = self._file(image_id)
            make_own(self._folder.parent)
            self._folder.mkdir(exist_ok=True, mode=0o700)
            self._forget()
            temporary = file.with_name(f".{file.name}.{os.getpid()}")
            temporary.write_text(json.dumps({"bases": dict(bases), "checksum": _checksum(bases)}), encoding="utf-8")
            temporary.replace(file)

    def _file(self, image_id: str) -> Path:
        """Return the file of an image. Raises ValueError for what is no id: it becomes part of a path."""
        if not re.fullmatch("sha256:[0-9a-f]{64}", image_id):
            raise ValueError(image_id)
        return self._folder / f"{image_id.removeprefix('sha256:')}.json"

    def _forget(self) -> None:
        files = list(self._folder.iterdir())
        if len(files) > MOST:
            for each in sorted(files, key=lambda file: file.stat().st_mtime_ns)[: MOST // 2]:
                each.unlink(missing_ok=True)


def _checksum(bases: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(sorted(bases.items()))).encode()).hexdigest()
