"""What pnpm and Turborepo answer on the same repository, whose images and libraries are packages of one workspace too.

``--peers`` installs both by npm into the suite's folder. They compare the work tree with main, and so does mbuild here.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.asking import difference, mbuild, references, says
from bench.meter import Command, Ended
from bench.monorepo.branches import MAIN
from bench.results import NotRun, Row
from bench.running import Bench
from bench.scenario import Scenario, Subject, accept
from bench.worktree import checked_out, state

QUIET = {
    "TURBO_TELEMETRY_DISABLED": "1",
    "DO_NOT_TRACK": "1",
    "npm_config_manage_package_manager_versions": "false",
    "npm_config_update_notifier": "false",
}
FILTER = f"...[{MAIN}]"
COMMANDS = {
    "pnpm": ("--recursive", "--filter", FILTER, "list", "--depth", "-1", "--json"),
    "turbo": ("ls", "--filter", FILTER, "--output", "json"),
}
BRANCHES = ("service", "leaf", "core", "docs", "ignored", "argument", "comment")
STATES = ("clean", "untracked")


def scenarios(bench: Bench) -> Iterator[Scenario | Row | NotRun]:
    """Yield one scenario for each branch, checked out, and for work trees with and without untracked files."""
    found = _install(bench.home / "peers") if bench.peers else "not asked for: --peers installs them by npm"
    if isinstance(found, str):
        yield NotRun("peers", found)
        return
    truth = bench.monorepo.truth
    for name in BRANCHES:
        around = partial(checked_out, bench.monorepo, name)
        yield from _told(bench, Scenario(f"peers/{name}", (), None, around), truth["branches"][name]["affected"], found)
    for name in STATES:
        around = partial(state, bench.monorepo, name)
        yield from _told(bench, Scenario(f"peers/{name}", (), None, around), truth["states"][name]["affected"], found)


def _install(folder: Path) -> Path | str:
    """Return the folder of the commands, or why there is none."""
    programs = folder / "node_modules" / ".bin"
    if not all((programs / name).exists() for name in COMMANDS):
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-fund", "--no-audit", "--prefix", ".", *COMMANDS]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"npm could not install them: {error}"
    return programs


def _told(bench: Bench, frame: Scenario, expected: list[str], programs: Path) -> Iterator[Row]:
    """Measure one scenario. A peer's wrong answer is told in its note: it is not mbuild's."""
    images = frozenset(bench.monorepo.truth["images"])
    notes: dict[str, str] = {}

    def listen(name: str, ended: Ended) -> str:
        notes[name] = accept(ended) or difference(_packages(ended.out) & images, frozenset(expected))
        return ""

    environment = QUIET | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
    subjects = [
        Subject(
            name,
            Command((str(programs / name), *options), bench.monorepo.folder, environment),
            check=partial(listen, name),
        )
        for name, options in COMMANDS.items()
    ]
    asked = ("affected", "--base", MAIN, "--list", "--format", "json")
    subjects.append(Subject("mbuild", mbuild(bench, *asked), check=says(expected)))
    whole = Scenario(frame.name, (*subjects, *references(bench, MAIN)), len(expected), frame.around)
    for row in bench.measure(whole):
        yield row.noted(notes.get(row.run, ""))


def _packages(out: bytes) -> frozenset[str]:
    """Return the names of packages in an answer, of either tool."""
    text = out[min((place for place in (out.find(b"["), out.find(b"{")) if place >= 0), default=len(out)) :]
    found = json.loads(text) if text else []
    items = found["packages"]["items"] if isinstance(found, dict) else found
    return frozenset(each["name"] for each in items if each.get("name"))
