"""The pieces that most scenarios are made of: mbuild's questions, the state of its cache, and the references."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable

from bench.meter import Command, Ended
from bench.running import Bench
from bench.scenario import Budget, Check, Subject, accept

STATUS, DIFF, PYTHON = "git status", "git diff", "python"


def mbuild(bench: Bench, *args: str, watch: bool = False, **environment: str) -> Command:
    """Return a command line of mbuild in the monorepo, with a cache folder of this run alone."""
    more = {"MBUILD_CACHE_DIR": str(bench.scratch / "cache")} | environment
    return Command((bench.mbuild, *args), bench.monorepo.folder, more, watch=watch)


def empty_cache(bench: Bench) -> Callable[[], None]:
    """Return what empties the cache folder."""
    return lambda: shutil.rmtree(bench.scratch / "cache", ignore_errors=True)


def filled_by(bench: Bench, *args: str) -> Callable[[], None]:
    """Return what fills an empty cache by another question."""

    def fill() -> None:
        empty_cache(bench)()
        bench.meter.run(mbuild(bench, *args))

    return fill


def references(bench: Bench, *compared: str) -> tuple[Subject, ...]:
    """Return git's own questions and an empty Python. compared: the trees for ``git diff``."""
    folder = bench.monorepo.folder
    return (
        Subject(STATUS, Command(("git", "status", "--porcelain", "-z"), folder), reference=True),
        Subject(DIFF, Command(("git", "diff", "--name-only", "-z", *compared, "--"), folder), reference=True),
        Subject(PYTHON, Command((sys.executable, "-c", "pass"), folder), reference=True),
    )


def cold_and_warm(
    bench: Bench, args: tuple[str, ...], expected: Iterable[str], budgets: tuple[Budget | None, Budget | None]
) -> tuple[Subject, ...]:
    """Return a question with an empty cache, and again with what that left. budgets: for cold and warm."""
    command, check = mbuild(bench, *args), says(expected)
    return (
        Subject("cold", command, empty_cache(bench), check, budgets[0], same=True),
        Subject("warm", command, check=check, budget=budgets[1], same=True),
    )


def says(expected: Iterable[str]) -> Check:
    """Return a check that the JSON answer names these images as affected and no others."""
    wanted = frozenset(expected)

    def check(ended: Ended) -> str:
        failed = accept(ended)
        if failed:
            return failed
        images = json.loads(ended.out)["images"]
        return difference(frozenset(each["name"] for each in images if each["affected"]), wanted)

    return check


def difference(found: frozenset[str], wanted: frozenset[str]) -> str:
    """Say in words how an answer differs from the truth, "" where it does not."""
    parts = [
        f"{len(names)} {word}: {', '.join(sorted(names)[:3])}{', …' if len(names) > 3 else ''}"
        for word, names in (("missing", wanted - found), ("too many", found - wanted))
        if names
    ]
    return "; ".join(parts)
