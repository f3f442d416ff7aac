"""The base that stages with RUN start from: a static busybox and a script that lists a folder."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

BUSYBOX = Path("/bin/busybox")
APPLETS = ("sh", "find", "sort", "stat", "sha256sum", "touch", "cp", "mkdir", "xargs", "cat")
LISTING = """#!/bin/sh
set -e
mkdir -p "$2"
cd "$1"
find . -print0 | sort -z | xargs -0 stat -c '%F %a %u %g %N' >"$2/listing"
find . -type f -print0 | sort -z | xargs -0 sha256sum >>"$2/listing"
"""


def import_base(client: Any, name: str) -> None:
    """Make the base in an engine: ``docker import``. client: a ``docker.APIClient``."""
    if not BUSYBOX.exists():
        pytest.skip("needs /bin/busybox (Debian: busybox-static)")
    repository, _, tag = name.rpartition(":")
    client.import_image_from_data(_root(), repository=repository, tag=tag, changes=["ENV PATH=/bin"])


def _root() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in (
            ("bin/busybox", BUSYBOX.read_bytes()),
            ("bin/list", LISTING.encode()),
            ("etc/passwd", b"root:x:0:0::/:\n"),
        ):
            member = tarfile.TarInfo(name)
            member.mode, member.size = 0o755, len(data)
            archive.addfile(member, io.BytesIO(data))
        for applet in APPLETS:
            member = tarfile.TarInfo(f"bin/{applet}")
            member.type, member.linkname, member.mode = tarfile.SYMTYPE, "busybox", 0o777
            archive.addfile(member)
    return packed.getvalue()
