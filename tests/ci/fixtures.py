"""Environments and event files as providers document them, one file of cases for each provider.

``@name@`` stands for the id of a commit of the world, ``@name:12@`` for its first twelve digits, ``@dir@`` for the
folder of the files. ``affected`` is the right answer where ``head`` is checked out as the provider does it; null: an
error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbuild.ci.model import Against, Run

FOLDER = Path(__file__).with_name("fixtures")
PROVIDERS = sorted(each.stem for each in FOLDER.glob("*.json"))
_NAME = re.compile(r"@(\w+)(?::(\d+))?@")


@dataclass(frozen=True)
class Case:
    """One case, its names replaced."""

    env: Mapping[str, str]
    files: Mapping[str, str]
    run: Run
    checkout: str
    head: str
    affected: list[str] | None


def cases() -> Iterator[tuple[str, str]]:
    """Yield provider and name of every case."""
    for provider in PROVIDERS:
        for each in json.loads((FOLDER / f"{provider}.json").read_text()):
            yield provider, each["case"]


def load(provider: str, name: str, ids: Mapping[str, str], folder: Path) -> Case:
    """Return a case with ids and folder filled in; its files are written."""

    def put(found: re.Match[str]) -> str:
        return str(folder) if found[1] == "dir" else ids[found[1]][: int(found[2] or 64)]

    text = _NAME.sub(put, (FOLDER / f"{provider}.json").read_text())
    (raw,) = (each for each in json.loads(text) if each["case"] == name)
    files = {file: body if isinstance(body, str) else json.dumps(body) for file, body in raw.get("files", {}).items()}
    for file, body in files.items():
        (folder / file).write_text(body)
    return Case(raw["env"], files, _run(raw["run"]), raw["checkout"], ids[raw["head"]], raw["affected"])


def _run(raw: dict[str, Any]) -> Run:
    for key in raw.keys() & {"against", "last_success"}:
        raw[key] = Against(**raw[key])
    return Run(**raw)
