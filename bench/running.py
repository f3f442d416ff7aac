"""Runs scenarios: one round to warm up, then all subjects in turn, again and again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.meter import Cost, Meter, median, seconds
from bench.monorepo.store import Monorepo
from bench.results import Row
from bench.scenario import Scenario, Subject


@dataclass(frozen=True, slots=True)
class Bench:
    """What areas measure with.

    home: where generated things are kept; scratch: a folder of this run alone; only: the areas and scenarios asked for,
    none for all; peers: whether pnpm and turbo are to be installed and asked.
    """

    monorepo: Monorepo
    home: Path
    scratch: Path
    mbuild: str
    meter: Meter
    rounds: int
    only: tuple[str, ...] = ()
    peers: bool = False

    def wants(self, name: str) -> bool:
        """Whether a scenario, or anything of an area, was asked for."""
        asked = [each for each in self.only if name in (each, each.partition("/")[0]) or each == name.partition("/")[0]]
        return bool(asked) or not self.only

    def measure(self, scenario: Scenario) -> Iterator[Row]:
        """Run a scenario, if it is wanted, and yield a row for each subject. Says on stderr how far it is."""
        if not self.wants(scenario.name):
            return
        print(scenario.name, file=sys.stderr, flush=True)
        taken = _Taken(scenario)
        with scenario.around():
            for turn in range((scenario.rounds or self.rounds) + 1):
                for subject in scenario.subjects:
                    taken.take(subject, self.meter, counts=turn > 0)
        yield from taken.rows()


@dataclass(slots=True)
class _Taken:
    """What a scenario has given so far."""

    scenario: Scenario
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    answer: bytes | None = None

    def take(self, subject: Subject, meter: Meter, *, counts: bool) -> None:
        subject.before()
        ended = meter.run(subject.command)
        wrong = subject.check(ended)
        if subject.same and not wrong:
            self.answer = ended.out if self.answer is None else self.answer
            wrong = "" if ended.out == self.answer else "the answer is not the same with another state of the cache"
        if wrong:
            self.wrong.setdefault(subject.name, wrong)
        if counts:
            self.costs.setdefault(subject.name, []).append(ended.cost)

    def rows(self) -> list[Row]:
        references = {each.name: tuple(self.costs[each.name]) for each in self.scenario.subjects if each.reference}
        return [self._row(each, references) for each in self.scenario.subjects]

    def _row(self, subject: Subject, references: dict[str, tuple[Cost, ...]]) -> Row:
        costs = tuple(self.costs[subject.name])
        own = median(costs, seconds)
        value = subject.budget.value(costs, references) if subject.budget else None
        return Row(
            scenario=self.scenario.name,
            run=subject.name,
            costs=costs,
            affected=self.scenario.affected,
            ratios={}
            if subject.reference
            else {name: own / median(each, seconds) for name, each in references.items()},
            value=value,
            budget=str(subject.budget or ""),
            within=subject.budget.keeps(value) if subject.budget and value is not None else None,
            wrong=self.wrong.get(subject.name, ""),
            reference=subject.reference,
        )
