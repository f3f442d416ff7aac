"""Asking the question behind most commands, and printing answers. Imports little: a look has to be fast."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mbuild.output.encoded import Encoded
from mbuild.output.runners import harmless_json

if TYPE_CHECKING:
    from mbuild.app.question import Answer
    from mbuild.app.workspace import Workspace


def question(
    workspace: Workspace,
    *,
    base: str | None,
    head: str | None,
    missing_base: str,
    meanwhile: Callable[[bool], None] | None = None,
) -> Answer:
    """Ask what is affected and print what the reader should know about the answer. meanwhile: see ``question.ask``."""
    from mbuild.app.question import ask
    from mbuild.cli.boundary import print_problems

    answer = ask(workspace, base=base, head=head, missing_base_all=missing_base == "all", meanwhile=meanwhile)
    print_problems(answer.notes, "warning")
    return answer


def print_json(value: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.writelines(_pieces(value))


def as_text(value: dict[str, Any]) -> str:
    """Return an answer as JSON with a line for each key, and for each item of a list."""
    return "".join(_pieces(value))


def _pieces(value: dict[str, Any]) -> Iterator[str]:
    """Yield the answer piece by piece: with many images it is long."""
    before = "{\n"
    for key, each in value.items():
        yield f"{before} {_dump(key)}: "
        yield from _lines(each)
        before = ",\n"
    yield "\n}\n"


_AT_ONCE = 500
"""Items that are written together: each write costs as much as making a short item."""


def _lines(value: Any) -> Iterator[str]:
    """Yield a value as JSON. Only without indentation is it written by json's fast encoder."""
    if not isinstance(value, list) or not value:
        yield _dump(value)
        return
    before = "[\n  "
    for start in range(0, len(value), _AT_ONCE):
        some = value[start : start + _AT_ONCE]
        yield before + harmless_json(
            ",\n  ".join([each if type(each) is Encoded else json.dumps(each) for each in some])
        )
        before = ",\n  "
    yield "\n ]"


def _dump(value: Any) -> str:
    """Return a value as JSON on one line."""
    return harmless_json(json.dumps(value))
