"""How a building command ends: the answer on stdout, and in a file where ``--metadata`` asks for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mbuild.cli.answering import as_text, print_json
from mbuild.errors import EnvironmentFault
from mbuild.output.report import Report, as_json
from mbuild.output.text import result_text


def finish(report: Report, metadata: str | None, format_: str) -> None:
    """Write the result of a run to a file where one is named, and print it."""
    if metadata:
        write_json(Path(metadata), as_json(report))
    show(result_text(report), report, format_)


def show(text: str, report: Report, format_: str) -> None:
    """Print a report: the text, or JSON."""
    if format_ == "json":
        print_json(as_json(report))
    else:
        sys.stdout.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write an answer to a file, all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(as_text(value), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EnvironmentFault(f"{path}: {error.strerror}") from error
