"""Formats of an answer for other programs: one file each with ``render(report) -> str``, a pure function."""
