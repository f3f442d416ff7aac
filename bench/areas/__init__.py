"""What is measured, one file for each area."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bench.areas import commits, engine, memory, peers, plans, startup, tar, worktrees
from bench.results import NotRun, Row
from bench.running import Bench
from bench.scenario import Scenario

Found = Scenario | Row | NotRun
"""What an area gives: a scenario to run, or what it has measured itself."""

AREAS: Mapping[str, Callable[[Bench], Iterator[Found]]] = {
    "startup": startup.scenarios,
    "commits": commits.scenarios,
    "worktree": worktrees.scenarios,
    "plan": plans.scenarios,
    "memory": memory.scenarios,
    "tar": tar.scenarios,
    "peers": peers.scenarios,
    "engine": engine.scenarios,
}
