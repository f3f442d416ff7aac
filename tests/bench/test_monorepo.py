"""The generator: the same everywhere; its ground truth is what mbuild answers, for every branch and every work tree."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bench.monorepo.branches import MAIN, MOVED, branches, states
from bench.monorepo.files import files
from bench.monorepo.layout import layout
from bench.monorepo.sizes import SIZES, VERSION
from bench.monorepo.store import Monorepo, monorepo
from bench.monorepo.truth import affected
from bench.monorepo.writing import git
from bench.worktree import alone, state
from tests.support import mbuild

XS = layout(SIZES["XS"])
XS_FILES = files(XS)
BRANCHES = [each.name for each in branches(XS, XS_FILES)]
STATES = [each.name for each in states(XS, XS_FILES)]

MADE = (2, "5618e06adf00f5f8")
"""The generator's version, and a digest of all branches of size XS. A change of what is written needs a new version."""


def refs(repository: Monorepo) -> str:
    return git(repository.folder, "show-ref", "--heads")


def test_the_same_size_gives_the_same_commits(tiny: Monorepo, tmp_path: Path) -> None:
    again = monorepo(SIZES["XS"], tmp_path)
    assert refs(again) == refs(tiny)
    assert len(refs(tiny).splitlines()) == 1 + len(BRANCHES)
    assert again.truth == tiny.truth


def test_another_content_has_another_version(tiny: Monorepo) -> None:
    assert (VERSION, hashlib.sha256(refs(tiny).encode()).hexdigest()[:16]) == MADE


def test_a_repository_is_made_once(tiny: Monorepo) -> None:
    marker = tiny.folder.parent / "marker"
    marker.touch()
    assert monorepo(tiny.size, tiny.folder.parents[1]).folder == tiny.folder
    assert marker.exists()


@pytest.mark.parametrize(("name", "reading"), [("XS", 8), ("S", 46), ("M", 495), ("L", 1_980)])
def test_a_size_has_as_many_images_as_it_says_and_all_but_a_few_read_the_core(name: str, reading: int) -> None:
    plan = layout(SIZES[name])
    assert len({each.name for each in plan.images}) == plan.size.images
    assert len(affected(plan, ["libs/core/module_00.py"])) == reading


def test_there_are_as_many_files_as_the_size_says(tiny: Monorepo) -> None:
    assert len(git(tiny.folder, "ls-files").splitlines()) == tiny.size.files
    assert git(tiny.folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("branch", BRANCHES)
def test_the_truth_of_a_branch_is_what_mbuild_says(tiny: Monorepo, branch: str) -> None:
    answer = mbuild("-C", str(tiny.folder), "affected", "--base", MAIN, "--head", branch, "--list", "--format", "json")
    assert answer.affected() == tiny.affected(branch), answer.err


def test_a_base_that_moved_on_changes_nothing(tiny: Monorepo) -> None:
    for branch in set(BRANCHES) - {MOVED}:
        asked = ("affected", "--base", MOVED, "--head", branch, "--list", "--format", "json")
        assert mbuild("-C", str(tiny.folder), *asked).affected() == tiny.affected(branch)


@pytest.mark.parametrize("name", STATES)
def test_the_truth_of_a_work_tree_is_what_mbuild_says(tiny: Monorepo, name: str) -> None:
    wanted = tiny.truth["states"][name]
    with alone(tiny), state(tiny, name):
        asked = ("affected", "--base", wanted["base"], "--list", "--format", "json")
        assert mbuild("-C", str(tiny.folder), *asked).affected() == set(wanted["affected"])
    assert git(tiny.folder, "status", "--porcelain", "--branch") == f"## {MAIN}"


def test_what_looks_alike_differs_in_the_truth(tiny: Monorepo) -> None:
    """Branches that affect nothing do change files; the others affect different images."""
    found = {name: (each["paths"], len(each["affected"])) for name, each in tiny.truth["branches"].items()}
    assert {name for name, (_, count) in found.items() if not count} == {"docs", "comment", "unreached", "ignored"}
    assert all(paths for paths, _ in found.values())
    assert found["many"][0] == tiny.size.many
