"""Plays pull requests through real clones and compares with the truth: ``python -m tests.ci.clones``.

Each clone is asked twice. By hand: what an error names is run as it stands, until there is an answer. With --fetch, in
the environment of GitHub Actions: there is an answer at once. Both have to be the truth, and never less or more.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.ci.histories import HISTORIES, PullRequest, make
from tests.ci.world import git
from tests.support import Answer, mbuild


def _clone(*options: str) -> Callable[[PullRequest, Path], None]:
    def clone(request: PullRequest, folder: Path) -> None:
        url = request.remote.folder.as_uri()
        git(folder.parent, "clone", "-q", "--branch=feature", *options, url, folder.name)

    return clone


def _detached(request: PullRequest, folder: Path) -> None:
    """Without any local branch."""
    _clone()(request, folder)
    git(folder, "checkout", "-q", "--detach")
    git(folder, "branch", "-q", "-D", "feature")


def _sparse(request: PullRequest, folder: Path) -> None:
    _clone("--filter=blob:none", "--sparse")(request, folder)
    git(folder, "sparse-checkout", "set", "web")


def _linked(request: PullRequest, folder: Path) -> None:
    """A linked work tree of a shallow clone."""
    _clone("--depth=1")(request, folder.with_name(f"{folder.name}-main"))
    git(folder.with_name(f"{folder.name}-main"), "worktree", "add", "-q", "--detach", str(folder))


def _one_commit(request: PullRequest, folder: Path) -> None:
    """As actions/checkout does it: no branch at all."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "master")
    git(folder, "remote", "add", "origin", request.remote.folder.as_uri())
    git(folder, "fetch", "-q", "--no-tags", "--depth=1", "origin", f"+{request.head}:refs/remotes/pull/7/head")
    git(folder, "checkout", "-q", "--force", "refs/remotes/pull/7/head")


CLONES: Mapping[str, Callable[[PullRequest, Path], None]] = {
    "full": _clone(),
    "depth 1": _clone("--depth=1"),
    "depth 3": _clone("--depth=3", "--no-single-branch"),
    "blobless": _clone("--filter=blob:none"),
    "treeless": _clone("--filter=tree:0"),
    "depth 1, treeless": _clone("--depth=1", "--filter=tree:0"),
    "single branch": _clone("--single-branch"),
    "detached": _detached,
    "sparse": _sparse,
    "linked": _linked,
    "one commit": _one_commit,
}


def ask(clone: Path, *options: str) -> Answer:
    return mbuild("-C", str(clone), "affected", "--list", "--format", "json", *options)


def by_hand(request: PullRequest, clone: Path) -> tuple[set[str], list[str]]:
    """Do what the errors say; return the affected images and the commands."""
    commands: list[str] = []
    while len(commands) < 10:
        answer = ask(clone, "--base", f"origin/{request.base}")
        if answer.code == 0:
            return answer.affected(), commands
        assert (answer.code, answer.out) == (3, ""), (answer, commands)
        hint = next(line for line in answer.err.splitlines() if line.startswith("hint: git fetch "))
        commands.append(hint.removeprefix("hint: "))
        git(clone, *shlex.split(commands[-1])[1:])
    raise AssertionError(commands)


def fetching(request: PullRequest, clone: Path) -> tuple[set[str], list[str]]:
    """Ask in the environment of a pull request's run, with --fetch."""
    base = request.remote.git("merge-base", request.base, request.head)
    event = {"pull_request": {"base": {"ref": request.base, "sha": base}, "head": {"sha": request.head}}}
    file = clone.with_name(f"{clone.name}.json")
    file.write_text(json.dumps(event))
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_BASE_REF": request.base,
        "GITHUB_EVENT_PATH": str(file),
    }
    with _environment(env):
        answer = ask(clone, "--fetch")
    assert answer.code == 0, answer.err
    notes = answer.err.splitlines()
    assert all(line.startswith("note: git fetch ") for line in notes), notes
    return answer.affected(), [line.removeprefix("note: ") for line in notes]


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def play(request: PullRequest, kind: str, folder: Path) -> str:
    """Play one pull request through one kind of clone; return what is wrong, "" for nothing."""
    truth, wrong = request.affected(), []
    for way in (by_hand, fetching):
        clone = folder / way.__name__
        CLONES[kind](request, clone)
        found, commands = way(request, clone)
        if found != truth:
            wrong.append(f"{way.__name__}: {sorted(found)} instead of {sorted(truth)}, after {commands}")
        if kind in ("full", "detached") and commands:
            wrong.append(f"{way.__name__}: a full clone needed {commands}")
    return "; ".join(wrong)


def main() -> int:
    """Play everything; print a line for each history and what is wrong. Return 1 for any of that."""
    failures = 0
    for history in HISTORIES:
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()):
            request = make(history, Path(name) / "remote")
            results = {}
            for kind in CLONES:
                place = Path(name) / kind.replace(", ", "-").replace(" ", "-")
                place.mkdir()
                results[kind] = play(request, kind, place)
        bad = {kind: wrong for kind, wrong in results.items() if wrong}
        failures += len(bad)
        truth = len(results)
        sys.stdout.write(f"{history.__name__}: {truth - len(bad)} of {truth} kinds of clones right\n")
        sys.stdout.writelines(f"  {kind}: {wrong}\n" for kind, wrong in bad.items())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
