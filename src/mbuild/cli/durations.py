"""Durations on the command line."""

from __future__ import annotations

import click

from mbuild.durations import seconds


def duration(text: str) -> float | None:
    """Return the seconds of an option's value, None for 0: no limit. Raises click's error."""
    try:
        return seconds(text) or None
    except ValueError:
        raise click.BadParameter(f"'{text}' is no duration: 90s, 1m30s or 2h") from None
