"""Adds up what all chains found, over all workers, and fails the run where the whole is not good enough.

A plugin of pytest. Chains hand over their counts as a property of the test's report, which reaches the main process.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tests.oracle.soundness.chain import KINDS
from tests.oracle.soundness.sizes import CHAINS, COMMITS

if TYPE_CHECKING:
    import pytest

PROPERTY = "soundness"
MOST_SUPERFLUOUS = 0.05
FIGURES = "MBUILD_ORACLE_FIGURES"
WAYS = ("way: commits, --list", "way: commits, --dry-run", "way: work tree", "way: explain", "way: context")

Counts = Mapping[str, Mapping[str, int]]
"""For each kind of edit and each way of asking: steps, images changed, reported, missed and superfluous."""


def gathered(reports: Iterable[Any]) -> list[Counts]:
    """Return what the chains among the reports counted."""
    return [value for report in reports for name, value in report.user_properties if name == PROPERTY]


def summed(chains: Iterable[Counts]) -> dict[str, Counter[str]]:
    """Return the sum of the counts of chains."""
    found: dict[str, Counter[str]] = {}
    for counts in chains:
        for what, numbers in counts.items():
            found.setdefault(what, Counter()).update(numbers)
    return found


def complaints(sums: Mapping[str, Counter[str]], commits: int = COMMITS) -> list[str]:
    """Return what is wrong with a whole run: too much reported, or something that was hardly tried."""
    total = total_of(sums)
    found = []
    if total["superfluous"] > MOST_SUPERFLUOUS * total["reported"]:
        found.append(f"{total['superfluous']} of {total['reported']} reported images had not changed")
    wanted = {**dict.fromkeys(KINDS, commits // len(KINDS) // 2), **dict.fromkeys(WAYS, commits // 50)}
    found += [
        f"'{what}' was tried fewer than {least} times" for what, least in wanted.items() if _steps(sums, what) < least
    ]
    if total["changed"] < commits // 2:
        found.append(f"only {total['changed']} images changed in {commits} steps")
    return found


def _steps(sums: Mapping[str, Counter[str]], what: str) -> int:
    return sums[what]["steps"] if what in sums else 0


def total_of(sums: Mapping[str, Counter[str]]) -> Counter[str]:
    """Return the sum over all kinds of edits."""
    return sum((numbers for kind, numbers in sums.items() if kind in KINDS), Counter())


def _whole(config: pytest.Config) -> dict[str, Counter[str]] | None:
    """Return the sums where every chain has passed; None in a worker, and for a part of the suite."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):
        return None
    chains = gathered(terminal.stats.get("passed", ()))
    return summed(chains) if len(chains) == CHAINS else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where the whole is not good enough."""
    sums = _whole(session.config)
    if sums is not None and complaints(sums):
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was counted; kind by kind where MBUILD_ORACLE_FIGURES is set."""
    sums = _whole(config)
    if sums is None:
        return
    total = total_of(sums)
    terminalreporter.section("soundness")
    terminalreporter.line(f"{CHAINS} chains: {_line(total)}")
    if os.environ.get(FIGURES):
        for what, numbers in sorted(sums.items()):
            terminalreporter.line(f"  {what}: {_line(numbers)}")
    for each in complaints(sums):
        terminalreporter.line(f"FAILED: {each}", red=True)


def _line(numbers: Mapping[str, int]) -> str:
    return ", ".join(
        f"{numbers.get(each, 0)} {each}" for each in ("steps", "changed", "reported", "missed", "superfluous")
    )
