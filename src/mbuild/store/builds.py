"""A build that took place, as a value and as a row of the history."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

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
    return (*astuple(build), _checksum(build))


def from_row(row: Sequence[Column]) -> Build | None:
    """Return the build that a row holds, None where the row is damaged. Text comes as bytes."""
    *values, checksum = (_text(each) for each in row)
    if tuple(map(type, values)) != (str, str, str, float, int, int):
        return None
    build = Build(*values)  # type: ignore[arg-type]
    sound = math.isfinite(build.seconds) and build.seconds >= 0 and checksum == _checksum(build)
    return build if sound else None


def _text(column: Column) -> Column:
    return column.decode("utf-8", "replace") if isinstance(column, bytes) else column


def _checksum(build: Build) -> str:
    return hashlib.sha256(json.dumps(astuple(build)).encode()).hexdigest()
