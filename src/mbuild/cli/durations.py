"""Durations on the command line, as Docker writes them: ``90``, ``90s``, ``1m30s``, ``2h``."""

from __future__ import annotations

import re

import click

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)
MOST_SECONDS = 10 * 365 * 86400


def seconds(text: str) -> float:
    """Return the seconds that a duration means; a number alone means seconds. Raises ValueError."""
    found = _PARTS.fullmatch(text)
    if not text or found is None:
        raise ValueError(text)
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return min(hours * 3600 + minutes * 60 + rest, MOST_SECONDS)


def duration(text: str) -> float | None:
    """Return the seconds of an option's value, None for 0: no limit. Raises click's error."""
    try:
        return seconds(text) or None
    except ValueError:
        raise click.BadParameter(f"'{text}' is no duration: 90s, 1m30s or 2h") from None
