"""What each provider's environment and event file say, and the images that are affected in its own kind of checkout."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

import pytest

from mbuild.ci.registry import PROVIDERS, current
from mbuild.errors import ExitCode
from tests.ci.fixtures import PROVIDERS as TESTED
from tests.ci.fixtures import Case, cases, load
from tests.ci.world import CHECKOUTS, World, git
from tests.support import Answer, mbuild

NAMES = ("m1", "m2", "m3", "gone", "f1", "f2", "merge")
IDS = {name: hashlib.sha1(name.encode()).hexdigest() for name in NAMES} | {"zero": "0" * 40}
CASES = list(cases())


def test_every_provider_has_cases() -> None:
    assert {name for _, _, name in PROVIDERS} == set(TESTED)


@pytest.mark.parametrize(("provider", "name"), CASES)
def test_the_run(provider: str, name: str, tmp_path: Path) -> None:
    case = load(provider, name, IDS, tmp_path)
    assert current(case.env) == case.run


def test_outside_of_ci_there_is_no_run() -> None:
    assert current({"HOME": "/root", "CI": "true", "GITHUB_ACTIONS": ""}) is None


def _ask(case: Case, clone: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Answer:
    for name, value in case.env.items():
        monkeypatch.setenv(name, value)
    return mbuild("-C", str(clone), "affected", "--list", "--format", "json", *options)


@pytest.mark.parametrize(("provider", "name"), CASES)
def test_the_images(provider: str, name: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --fetch the answer is right; without, it is right or names a command, which in the end makes it right."""
    case = load(provider, name, world.ids, tmp_path)
    for folder in ("fetching", "by-hand"):
        CHECKOUTS[case.checkout](world, tmp_path / folder, case.head)
    answer = _ask(case, tmp_path / "fetching", monkeypatch, "--fetch")
    if case.affected is None:
        assert answer.code == ExitCode.GIT, answer.out
        assert answer.out == ""
        return
    assert answer.code == 0, answer.err
    assert answer.affected() == set(case.affected)
    assert all(line.startswith("note: git fetch ") for line in answer.err.splitlines())
    commands = [line.removeprefix("note: ") for line in answer.err.splitlines()]
    by_hand = _mended(case, tmp_path / "by-hand", monkeypatch)
    assert by_hand == (commands, json.loads(answer.out)["base"]), "what is named is what is run"


def _mended(case: Case, clone: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], object]:
    """Do what the errors say until there is none; return the commands and the base that was found."""
    commands: list[str] = []
    for _ in range(5):
        answer = _ask(case, clone, monkeypatch)
        if answer.code == 0:
            assert answer.affected() == set(case.affected or ())
            return commands, answer.json["base"]
        assert (answer.code, answer.out) == (ExitCode.GIT, ""), answer.err
        hint = next(line for line in answer.err.splitlines() if line.startswith("hint: git fetch "))
        commands.append(hint.removeprefix("hint: "))
        git(clone, *shlex.split(commands[-1])[1:])
    raise AssertionError(commands)
