"""Speed of a context as a tar: mbuild against GNU tar and ``tarfile``, all through a pipe into ``cat``.

    python -m bench.tar_context [--files 20000] [--megabytes 500] [--rounds 5] [--folder DIR] [--json]

Makes a git repository of random files (kept in DIR when given, and used again), runs the writers in turn (A B C A B C)
after a round to warm up, and prints medians and ratios, of time and of processor time. The budget is a ratio of 0.6 or
more against GNU tar. Where other work keeps all processors busy, time says little: see the processor time.
``mbuild`` is the whole way of a real build: the work tree's own files, every byte hashed and compared with git's id.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mbuild.context.source import ContextSource
from mbuild.context.tar import write_tar, write_tar_to_fd
from mbuild.git.repository import open_repository

BUDGET = 0.6
GNU_TAR, MBUILD = "GNU tar", "mbuild, to a descriptor"

Write = Callable[[IO[bytes]], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """costs: (seconds, seconds of processor) of each round, by writer; grown: bytes of memory beyond the start."""

    files: int
    bytes: int
    costs: dict[str, list[tuple[float, float]]]
    grown: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print the figures only, as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (asked.folder or Path(scratch)).resolve()
        make(folder, asked.files, asked.megabytes)
        measured = measure_all(folder, asked.rounds)
    if asked.json:
        print(json.dumps({"costs": measured.costs, "grown": measured.grown}))
    else:
        report(measured)


def make(folder: Path, files: int, megabytes: int) -> None:
    """Write files of log-normal sizes in 1,000 folders and commit them."""
    if (folder / ".git").exists():
        return
    chance = random.Random(1)
    weights = [min(chance.lognormvariate(0, 1.5), 250) for _ in range(files)]
    scale = megabytes * 1_000_000 / sum(weights)
    noise = chance.randbytes(1 << 24)
    for number, weight in enumerate(weights):
        place = folder / "data" / f"p{number % 40:02d}" / f"q{number // 40 % 25:02d}" / f"file_{number:05d}.dat"
        place.parent.mkdir(parents=True, exist_ok=True)
        size, start = int(weight * scale), chance.randrange(1 << 23)
        place.write_bytes((noise[start:] * (size // (1 << 23) + 1))[:size])
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "bench"]):
        options = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "core.compression=0"]
        subprocess.run(["git", *options, *command], cwd=folder, check=True)


def measure_all(folder: Path, rounds: int) -> Measured:
    """Measure all writers, ``tarfile`` only once: it is slow."""
    repository = open_repository(folder)
    tree = repository.work_tree()
    source = ContextSource(tree, "data", tuple(tree.below("data")))
    before = peak()
    writers: dict[str, Write] = {
        GNU_TAR: lambda pipe: gnu_tar(folder / "data", pipe),
        MBUILD: lambda pipe: write_tar_to_fd(source, pipe.fileno(), epoch=0),
        "mbuild, to a callable": lambda pipe: write_tar(source, pipe.write, epoch=0),
    }
    costs = measure(writers, rounds)
    grown = peak() - before
    costs |= measure({"tarfile": lambda pipe: python_tarfile(folder / "data", pipe)}, 1)
    repository.close()
    return Measured(source.files, source.bytes, costs, grown)


def report(measured: Measured) -> None:
    """Print medians and ratios; exit with 1 when over budget."""
    print(f"{measured.files} files, {measured.bytes / 1e6:.0f} MB")
    medians = {
        name: [statistics.median(each) for each in zip(*taken, strict=True)] for name, taken in measured.costs.items()
    }
    base = medians[GNU_TAR]
    for name, (seconds, busy) in medians.items():
        print(f"{name:24}{seconds:7.2f} s, ratio {base[0] / seconds:.2f}", end="")
        print(f"{busy:9.2f} s of processor, ratio {base[1] / busy:.2f}")
    print(f"memory: {measured.grown / 1e6:.0f} MB more than before the first archive")
    ratio = base[0] / medians[MBUILD][0]
    sys.exit(f"over budget: {ratio:.2f} < {BUDGET}" if ratio < BUDGET else None)


def measure(writers: dict[str, Write], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return (seconds, seconds of processor) of each round of each writer, its reader included."""
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in writers}
    for turn in range(rounds + 1):
        for name, write in writers.items():
            begun, busy = time.perf_counter(), processor()
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as cat:
                assert cat.stdin is not None
                write(cat.stdin)
                cat.stdin.close()
            if turn:
                costs[name].append((time.perf_counter() - begun, processor() - busy))
    return costs


def processor() -> float:
    return sum(os.times()[:4])


def gnu_tar(folder: Path, pipe: IO[bytes]) -> None:
    options = ["--format=gnu", "--sort=name", "--owner=0", "--group=0", "--mtime=@0"]
    subprocess.run(["tar", *options, "-C", str(folder), "-cf", "-", "."], stdout=pipe, check=True)


def python_tarfile(folder: Path, pipe: IO[bytes]) -> None:
    with tarfile.open(fileobj=pipe, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        tar.add(folder, ".")


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
