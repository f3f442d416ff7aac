"""Results as values, and as JSON for comparison between commits."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.meter import Cost

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One subject of one scenario. ratios: of median times, by reference; value: what the budget judges."""

    scenario: str
    run: str
    costs: tuple[Cost, ...]
    affected: int | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    value: float | None = None
    budget: str = ""
    within: bool | None = None
    wrong: str = ""
    note: str = ""
    reference: bool = False

    @property
    def verdict(self) -> str:
        if self.wrong:
            return "WRONG"
        return "" if self.within is None else "ok" if self.within else "over"

    def noted(self, note: str) -> Row:
        """Return the row with a note."""
        return dataclasses.replace(self, note=note)


@dataclass(frozen=True, slots=True)
class NotRun:
    """A scenario that could not be measured here."""

    scenario: str
    why: str


@dataclass(frozen=True, slots=True)
class Results:
    """One run of the suite. machine: facts on where and what."""

    size: str
    rounds: int
    machine: Mapping[str, Any]
    rows: tuple[Row, ...]
    not_run: tuple[NotRun, ...]


def to_json(results: Results) -> str:
    """Return results as JSON text."""
    return json.dumps({"schema": SCHEMA} | dataclasses.asdict(results), indent=1) + "\n"


def read(path: Path) -> Results:
    """Read what ``to_json`` wrote. Raises OSError, or ValueError for anything else."""
    found = json.loads(path.read_text())
    if not isinstance(found, dict) or found.pop("schema", None) != SCHEMA:
        raise ValueError(f"{path}: not a result of this suite")
    rows = tuple(Row(**each | {"costs": tuple(Cost(**cost) for cost in each["costs"])}) for each in found.pop("rows"))
    not_run = tuple(NotRun(**each) for each in found.pop("not_run"))
    return Results(rows=rows, not_run=not_run, **found)
