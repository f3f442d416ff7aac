"""Asking the question behind most commands, and printing answers. Imports little: a look has to be fast."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mbuild.app.question import Answer
    from mbuild.app.workspace import Workspace


def question(workspace: Workspace, *, base: str | None, head: str | None, missing_base: str) -> Answer:
    """Ask what is affected and print what the reader should know about the answer."""
    from mbuild.app.question import ask
    from mbuild.cli.boundary import print_problems

    answer = ask(workspace, base=base, head=head, missing_base_all=missing_base == "all")
    print_problems(answer.notes, "warning")
    return answer


def print_json(value: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.write(as_text(value))


def as_text(value: dict[str, Any]) -> str:
    """Return an answer as JSON with a line for each key, and for each item of a list."""
    lines = [f" {json.dumps(key)}: {_lines(each)}" for key, each in value.items()]
    # Two such signs may begin a command of a CI agent that reads along; in JSON they can be written so that none does.
    return ("{\n" + ",\n".join(lines) + "\n}\n").replace("##", "#\\u0023")


def _lines(value: Any) -> str:
    """Return a value as JSON. Only without indentation is it written by json's fast encoder."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(json.dumps(each) for each in value) + "\n ]"
