"""``--fetch`` in clones that leave something out: everything that is needed comes in a few fetches, said on stderr."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support import Answer, Repo, mbuild

NAMES = [f"image{number}" for number in range(12)]


@pytest.fixture
def upstream(repo: Repo) -> Repo:
    repo.git("config", "uploadpack.allowFilter", "true")
    images = "".join(f"  {name}: {{dockerfile: {name}/Dockerfile}}\n" for name in NAMES)
    files = {"build.yaml": f"version: 1\nproject: p\nimages:\n{images}"}
    for name in NAMES:
        files |= {
            f"{name}/Dockerfile": f"FROM scratch\nCOPY f g /\nENV A={name}\n",
            f"{name}/.dockerignore": f"#{name}",
        }
        files |= {f"{name}/f": f"f {name}\n", f"{name}/g": f"g {name}\n"}
    repo.commit(files)
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit({f"{NAMES[1]}/Dockerfile": "FROM scratch\nCOPY f /\n", f"{NAMES[2]}/f": "new\n"})
    return repo


def _sparse(upstream: Repo, folder: Path) -> Path:
    """Clone without blobs, with the first image's folder alone."""
    url = upstream.folder.as_uri()
    for args in (
        ("clone", "-q", "--filter=blob:none", "--sparse", "-b", "topic", url, str(folder)),
        ("-C", str(folder), "sparse-checkout", "set", NAMES[0]),
    ):
        subprocess.run(["git", *args], check=True, capture_output=True)
    return folder


def _fetches(answer: Answer) -> list[str]:
    return [line for line in answer.err.splitlines() if line.startswith("note: git fetch ")]


@pytest.mark.parametrize("remembered", [False, True])
@pytest.mark.parametrize(
    ("command", "most"),
    [
        ("affected --list --base origin/main", 2),
        ("affected --dry-run --builder oci --base origin/main", 3),
        ("all --dry-run --builder oci", 2),
        ("build --dry-run --builder oci image3 image4", 2),
        ("explain --image image2 --base origin/main", 2),
        ("context image5 --list --head topic", 2),
        ("graph", 1),
        ("check", 1),
    ],
)
def test_a_few_fetches_bring_all(
    upstream: Repo, tmp_path: Path, command: str, most: int, remembered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a graph that is remembered, less may be needed, but what is comes together all the same."""
    if not remembered:
        monkeypatch.setenv("MBUILD_CACHE", "off")
    args = command.split()
    truth = upstream.mbuild(*(each.replace("origin/", "") for each in args))
    assert truth.code == 0
    clone = _sparse(upstream, tmp_path / "clone")
    refused = mbuild("-C", str(clone), *args)
    if not remembered or refused.code:
        assert (refused.code, refused.out) == (3, "")
        assert "hint: or let mbuild run it: --fetch\n" in refused.err
    answer = mbuild("-C", str(clone), *args, "--fetch")
    assert answer.code == 0, answer.err
    assert answer.out.replace("origin/", "") == truth.out
    assert bool(refused.code) <= len(_fetches(answer)) <= most
    again = mbuild("-C", str(clone), *args, "--fetch")
    assert (again.out, _fetches(again)) == (answer.out, [])


def test_what_is_built_is_what_a_full_clone_builds(upstream: Repo, tmp_path: Path) -> None:
    clone = _sparse(upstream, tmp_path / "clone")
    layouts: list[set[str]] = []
    for folder, fetch in ((clone, ["--fetch"]), (upstream.folder, [])):
        layout = tmp_path / f"layout{len(layouts)}"
        answer = mbuild("-C", str(folder), "all", "--builder", "oci", "--output", str(layout), *fetch)
        assert answer.code == 0, answer.err
        layouts.append({each.name for each in (layout / "blobs" / "sha256").iterdir()})
    assert layouts[0] == layouts[1]


def test_the_commands_of_a_partial_clone_mend_it_one_after_the_other(upstream: Repo, tmp_path: Path) -> None:
    clone = _sparse(upstream, tmp_path / "clone")
    for _ in range(4):
        answer = mbuild("-C", str(clone), "all", "--dry-run", "--builder", "oci")
        if answer.code == 0:
            return
        command = next(line for line in answer.err.splitlines() if line.startswith("hint: git "))
        subprocess.run(shlex.split(command.removeprefix("hint: ")), cwd=clone, check=True, capture_output=True)
    pytest.fail(answer.err)


def test_a_full_clone_fetches_nothing(upstream: Repo) -> None:
    answer = upstream.mbuild("affected", "--list", "--base", "main", "--fetch")
    assert (answer.code, answer.err) == (0, "")
