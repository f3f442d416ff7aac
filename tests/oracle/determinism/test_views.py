"""Made-up trees, each seen in many ways: everywhere the same fingerprints, context digests and tars."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.determinism import places, plants
from tests.oracle.determinism.places import IMAGES, TREES_PER_REPOSITORY, Make, Repository

EXAMPLES = max(1, int(os.environ.get("MBUILD_ORACLE_EXAMPLES", "200")) // 200)
"""1 in CI, more on demand."""

REPOSITORIES = 20 * EXAMPLES
GROUP = 5
TOP = Path(__file__).parents[3]
IS_ROOT = os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class Watcher:
    """A process that looks: its environment, its user (None: this one) and where it looks, at HEAD or at the files."""

    environment: dict[str, str]
    at: Sequence[Make] = ()
    commits: Sequence[Make] = ()
    user: int | None = None


WATCHERS = (
    Watcher({"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"}, (places.original,), (places.original,)),
    Watcher(
        {"LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
        (places.worktree, places.deep_and_open),
    ),
    Watcher(
        {"LC_ALL": "POSIX", "TZ": "America/St_Johns", "PYTHONHASHSEED": "random", "PYTHONUTF8": "0"},
        (places.private_and_rewritten,),
    ),
)
STRANGER = Watcher({"PYTHONHASHSEED": "random"}, (places.strangers,), user=places.NOBODY)

Seen = dict[str, dict[str, Any]]
"""Where it was seen, in words → image → what was seen."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that every user can enter."""
    found = Path(tempfile.mkdtemp(prefix="mbuild-views-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found)


def seen(folder: Path, seeds: Sequence[int], watchers: Sequence[Watcher], plant: str = "") -> dict[int, Seen]:
    """Let every watcher look at the repositories of all seeds, one process for each watcher."""
    repositories = {seed: Repository(folder / str(seed)) for seed in seeds}
    for seed, repository in repositories.items():
        repository.create(seed)
    found: dict[int, Seen] = {seed: {} for seed in seeds}
    for number, watcher in enumerate(watchers):
        asked = [(seed, make, head) for seed in seeds for make, head in _looks(watcher)]
        made = {make: {seed: make(repositories[seed]) for seed in seeds} for make in watcher.at}
        made |= {make: {seed: repositories[seed].origin for seed in seeds} for make in watcher.commits}
        # The command line is asked about one of them: it starts from the same, which takes most of the time.
        folders = [(str(made[make][seed]), head, seed == seeds[0]) for seed, make, head in asked]
        task: dict[str, object] = {"folders": folders, "own": str(repositories[seeds[0]].origin), "plant": plant}
        for (seed, make, head), answer in zip(asked, _ask(folder, watcher, task), strict=True):
            found[seed][f"{number} {make.__name__} {head or 'files'}"] = answer
    return found


def _looks(watcher: Watcher) -> list[tuple[Make, str | None]]:
    return [(make, None) for make in watcher.at] + [(make, "HEAD") for make in watcher.commits]


def _ask(folder: Path, watcher: Watcher, task: dict[str, object]) -> list[Any]:
    kept = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START") if name in os.environ}
    # No engine: what is looked at must not depend on one.
    environment = kept | {"HOME": str(folder), "DOCKER_HOST": "unix:///nonexistent.sock"} | watcher.environment
    done = subprocess.run(
        [sys.executable, "-m", "tests.oracle.determinism.look"],
        cwd=TOP,
        env=environment,
        input=json.dumps(task | {"user": watcher.user}).encode(),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: list[Any] = json.loads(done.stdout)
    return answer


def differing(views: Seen) -> set[str]:
    """Return where something else was seen than at the first place."""
    first = next(iter(views.values()))
    return {f"{where}: {image}" for where, each in views.items() for image in first if each.get(image) != first[image]}


@pytest.mark.parametrize("start", range(0, REPOSITORIES, GROUP))
def test_every_view_is_the_same(start: int, folder: Path) -> None:
    watchers = (*WATCHERS, *((STRANGER,) if IS_ROOT else ()))
    fingerprints: set[str] = set()
    for seed, views in seen(folder, range(start, start + GROUP), watchers).items():
        assert len(views) >= 5
        assert differing(views) == set(), f"seed {seed}"
        first = next(iter(views.values()))
        assert len(first) == TREES_PER_REPOSITORY * len(IMAGES)
        fingerprints.update(each[0] for each in first.values())
    assert len(fingerprints) == GROUP * TREES_PER_REPOSITORY * len(IMAGES)


@pytest.mark.skipif(not IS_ROOT, reason="only root can look as another user")
def test_another_user_sees_the_same(folder: Path) -> None:
    (views,) = seen(folder, [1000], (WATCHERS[0], STRANGER)).values()
    assert len(views) == 3
    assert differing(views) == set()


@pytest.mark.parametrize("plant", plants.PLANTS)
def test_planted_dependence_is_seen(plant: str, folder: Path) -> None:
    if plant == plants.owners_from_disk.__name__ and not IS_ROOT:
        pytest.skip("only root can look as another user")
    other = STRANGER if plant == plants.owners_from_disk.__name__ else WATCHERS[1 if plant == "unsorted_set" else 2]
    (views,) = seen(folder, [2000], (WATCHERS[0], other), plant).values()
    assert differing(views)
