"""Commands and what they cost: wall time, processor time and memory of a child process."""

from __future__ import annotations

import marshal
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

FOREIGN = ("GIT_", "MBUILD_", "PYTHON", "GITHUB_", "CI_", "TURBO_")
"""Variables with these prefixes would change what is measured."""


def environment() -> dict[str, str]:
    """Return the environment that every command starts from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command line. environment: beside what all commands get; watch: also see its own peak memory."""

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took. cpu: user and system; peak: bytes, of the largest process; own: of the process alone, or 0."""

    seconds: float
    cpu: float
    peak: int = 0
    own: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended."""

    cost: Cost
    code: int
    out: bytes
    err: bytes


class Meter:
    """Runs commands one at a time, through a launcher. scratch: a folder for what they print."""

    def __init__(self, scratch: Path) -> None:
        self._out, self._err = scratch / "stdout", scratch / "stderr"
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py"))]
        self._launcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._launcher.__exit__(kind, error, trace)

    def run(self, command: Command) -> Ended:
        """Run a command to its end."""
        pipe, answers = self._launcher.stdin, self._launcher.stdout
        assert pipe is not None
        assert answers is not None
        whole = environment() | dict(command.environment)
        request = (list(command.argv), str(command.folder), whole, str(self._out), str(self._err), command.watch)
        marshal.dump(request, pipe)
        pipe.flush()
        seconds, cpu, peak, own, code = marshal.load(answers)
        return Ended(Cost(seconds, cpu, peak, own), code, self._out.read_bytes(), self._err.read_bytes())


def median(costs: Sequence[Cost], part: Callable[[Cost], float]) -> float:
    """Return the median of one part of many costs."""
    return statistics.median(part(each) for each in costs)


def seconds(cost: Cost) -> float:
    return cost.seconds


def cpu(cost: Cost) -> float:
    return cost.cpu


def peak(cost: Cost) -> float:
    return cost.own or cost.peak
