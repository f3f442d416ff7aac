"""A build that took place, as a value and as a row of the history."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import astuple

from mbuild.values import dataclass

Column = bytes | str | int | float | None


@dataclass(frozen=True, slots=True)
class Build:
    """One build. result: a status of ``ImageDone``; context_bytes: sent to the builder; when: seconds since 1970."""

    image: str
    fingerprint: str
    result: str
    seconds: float
    context_bytes: int
    when: int


def to_row(build: Build) -> tuple[Column, ...]:
    """Return a build as columns, its checksum last."""
    columns = astuple(build)
    return (*columns, _checksum(columns))


def from_row(row: Sequence[Column]) -> Build | None:
    """Return the build that a row holds, None where the row is damaged. Text comes as bytes."""
    *columns, checksum = (each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in row)
    image, fingerprint, result, seconds, context_bytes, when = columns
    if not (isinstance(image, str) and isinstance(fingerprint, str) and isinstance(result, str)):
        return None
    if not (isinstance(seconds, float) and isinstance(context_bytes, int) and isinstance(when, int)):
        return None
    sound = 0 <= seconds < math.inf and checksum == _checksum(columns)
    return Build(image, fingerprint, result, seconds, context_bytes, when) if sound else None


def _checksum(columns: Sequence[Column]) -> str:
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()
