"""Durations as Docker writes them: ``90``, ``90s``, ``1m30s``, ``2h``."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)
MOST_SECONDS = 10 * 365 * 86400


def seconds(text: str) -> float:
    """Return the seconds that a duration means; a number alone means seconds. Raises ValueError."""
    found = _PARTS.fullmatch(text)
    if not text or found is None:
        raise ValueError(text)
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return min(hours * 3600 + minutes * 60 + rest, MOST_SECONDS)
