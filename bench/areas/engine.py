"""Whole runs with a Docker Engine: what exists already, small images that are new, bytes to the builder.

The images are called ``mbuild-bench/…`` and removed afterwards; nothing else in the engine is touched. An image is new
because its files hold a mark of the round: the engine's build cache stays as it is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import math
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.areas.sending import sent
from bench.asking import empty_cache, mbuild, references
from bench.dockers import Client, bake_file, build_script, client
from bench.meter import Command, Ended
from bench.monorepo.branches import MAIN
from bench.monorepo.files import files
from bench.monorepo.layout import layout
from bench.monorepo.sizes import SIZES
from bench.monorepo.store import monorepo
from bench.monorepo.writing import write
from bench.proxy import counting
from bench.results import NotRun, Row
from bench.running import Bench
from bench.scenario import Budget, Check, Scenario, Subject, accept
from bench.worktree import alone

ALL = ("all", "--format", "json")
EXISTING = Budget("seconds", 1.5)
BAKE, SEQUENTIAL = Budget("speed", 2, "bake"), Budget("speed", 4, "sequential")
CALLS = 10
"""What a run may ask of the engine in all: an image that is there needs no call of its own."""
BUILD = "/session"
"""What the engine is asked for once for each build: the connection that it asks for files by."""
ROUNDS = 3
"""Of what is slow: one round of new images builds the same ones three times."""


def scenarios(bench: Bench) -> Iterator[Row | NotRun]:
    """Yield all that needs an engine."""
    found = client()
    if isinstance(found, str):
        yield NotRun("engine", found)
        return
    with contextlib.ExitStack() as stack:
        stack.callback(found.remove_images)
        tiny = bench.monorepo.size.name == "XS"
        for name, measure in (
            ("engine/existing", partial(_existing, size="XS" if tiny else "M")),
            ("engine/new", partial(_new, size="XS" if tiny else "S")),
            ("engine/first", _first),
            ("engine/bytes", sent),
        ):
            if bench.wants(name):
                found.remove_images()
                yield from measure(bench, found)


def _existing(bench: Bench, engine: Client, size: str) -> Iterator[Row]:
    """Measure ``mbuild all`` where every image exists already, and count what the engine is asked."""
    repository = monorepo(SIZES[size], bench.home)
    here = dataclasses.replace(bench, monorepo=repository)
    images, name = len(repository.truth["images"]), "engine/existing"
    with contextlib.nullcontext() if repository.folder == bench.monorepo.folder else alone(repository):
        bench.meter.run(mbuild(here, *ALL))
        check = _statuses(images, {"reused"})
        cold = Subject("cold", mbuild(here, *ALL), empty_cache(here), check, EXISTING)
        warm = Subject("warm", mbuild(here, *ALL), check=check, budget=EXISTING)
        yield from here.measure(Scenario(name, (cold, warm, *references(here))))
        place = bench.scratch / "engine.sock"
        with counting(engine.socket, place) as counted:
            bench.meter.run(mbuild(here, *ALL, DOCKER_HOST=f"unix://{place}"))
    listings = sum("/images/json" in path for path in counted.asked)
    note = f"{len(counted.asked)} calls: {', '.join(dict.fromkeys(counted.asked))[:300]}"
    yield Row(name, "listings", (), value=listings, budget="≤ 1 call", within=listings <= 1)
    few = len(counted.asked) <= CALLS
    yield Row(name, "calls", (), value=len(counted.asked), budget=f"≤ {CALLS} calls", within=few, note=note)


def _statuses(images: int, wanted: set[str]) -> Check:
    """Return a check that all images ended in one of these ways."""

    def check(ended: Ended) -> str:
        if failed := accept(ended):
            return failed
        found = [each.get("status") for each in json.loads(ended.out)["images"]]
        return "" if len(found) == images and set(found) <= wanted else f"{len(found)} images, {set(found)}"

    return check


def _new(bench: Bench, engine: Client, size: str) -> Iterator[Row]:
    """Measure images that are new against bake and against one build after the other."""
    plan = layout(SIZES[size])
    marks = itertools.count()

    def subject(name: str, argv: tuple[str, ...], check: Check, *, reference: bool) -> Subject:
        folder = bench.scratch / f"new-{name}"
        renew: Callable[[], None] = partial(_renew, folder, size, engine, marks)
        cache = {"MBUILD_CACHE_DIR": str(bench.scratch / "new-cache")}
        budget = None if reference else BAKE
        return Subject(name, Command(argv, folder, cache), renew, check, budget, reference)

    def made(ended: Ended) -> str:
        there = {each.partition(":")[0] for each in engine.images()}
        return accept(ended) or ("" if len(there) == len(plan.images) else f"{len(there)} of {len(plan.images)} images")

    bake = subject("bake", (engine.docker, "buildx", "bake", "--file", "bench-bake.json"), made, reference=True)
    sequential = subject("sequential", ("sh", "bench-builds.sh"), made, reference=True)
    built = subject("mbuild", (bench.mbuild, "all"), made, reference=False)
    taken = list(bench.measure(Scenario("engine/new", (bake, sequential, built), rounds=ROUNDS)))
    yield from taken
    costs = {row.run: row.costs for row in taken}
    value = SEQUENTIAL.value(costs["mbuild"], costs)
    within = SEQUENTIAL.keeps(value)
    yield dataclasses.replace(taken[-1], value=value, budget=str(SEQUENTIAL), within=within)


def _first(bench: Bench, engine: Client) -> Iterator[Row]:
    """Measure how long it takes until the engine is asked for a build, where one of all images has to be built."""
    place, waited, wrong = bench.scratch / "first.sock", list[float](), ""
    question = ("affected", "--base", MAIN, "--head", "service", "--format", "json")
    command = mbuild(bench, *question, DOCKER_HOST=f"unix://{place}")
    with counting(engine.socket, place) as counted:
        for _ in range(1 + ROUNDS):
            engine.remove_images()
            counted.clear()
            begun = time.perf_counter()
            wrong = wrong or accept(bench.meter.run(command))
            waited.append(counted.at.get(BUILD, math.nan) - begun)
    yield Row("engine/first", "seconds to the first build", (), value=statistics.median(waited[1:]), wrong=wrong)


def _renew(folder: Path, size: str, engine: Client, marks: Iterator[int]) -> None:
    """Write the repository with contents that no build has seen, and remove what earlier builds made."""
    engine.remove_images()
    shutil.rmtree(folder, ignore_errors=True)
    plan = layout(SIZES[size])
    mark = f"# {folder.parent.name} {next(marks)}\n".encode()
    marked = {path: text + mark if path.endswith((".py", ".json")) else text for path, text in files(plan).items()}
    scripts = {"bench-bake.json": bake_file(plan), "bench-builds.sh": build_script(plan, engine.docker)}
    write(folder, marked | {name: text.encode() for name, text in scripts.items()}, ())
