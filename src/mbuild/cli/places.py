"""Files that a CI provider names by environment variables, for a step to write to."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mbuild.errors import EnvironmentFault
from mbuild.output.github import outputs_text, run_outputs

if TYPE_CHECKING:
    from mbuild.output.report import Report


def write_outputs(values: Mapping[str, str]) -> None:
    """Set outputs of the step, where GitHub Actions runs it."""
    _append("GITHUB_OUTPUT", outputs_text(values))


def write_run_outputs(report: Report) -> None:
    """Set the outputs of a step that has built."""
    if os.environ.get("GITHUB_OUTPUT"):
        write_outputs(run_outputs(report))


def write_summary(report: Report) -> None:
    """Add the answer to the summary of the step, where GitHub Actions runs it."""
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        from mbuild.output.github import summary

        _append("GITHUB_STEP_SUMMARY", summary(report))


def write_junit(path: str, report: Report) -> None:
    """Write a JUnit report, all of it or nothing."""
    from mbuild.output.junit import render

    write_whole(Path(path), render(report))


def write_whole(path: Path, text: str) -> None:
    """Write a file, all of it or nothing. Raises EnvironmentFault."""
    with whole(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Yield what to write a file to, which is there with all of it or not at all. Raises EnvironmentFault.

    Where a link leads is written, and the link stays. A device or a pipe is written into, and stays what it is.
    """
    try:
        with _special(path) or _beside(Path(os.path.realpath(path))) as stream:
            yield stream
    except OSError as error:
        raise EnvironmentFault(f"{path}: {error.strerror}") from error


def _special(path: Path) -> BinaryIO | None:
    try:
        return None if stat.S_ISREG(path.stat().st_mode) else path.open("wb")
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)  # of a process that was killed and had the same number
        with temporary.open("xb") as stream:
            yield stream
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _append(variable: str, text: str) -> None:
    place = os.environ.get(variable, "")
    if not place:
        return
    try:
        with Path(place).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise EnvironmentFault(f"{place} ({variable}): {error.strerror}") from error
