"""Completion, asked as the shells ask: through click's own scripts and protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shop import CONFIG, FILES
from tests.support import Repo


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.commit(FILES, "first")
    return repo


def ask(folder: Path, *words: str, shell: str = "zsh") -> tuple[list[str], str]:
    """Return the completions of the last word, and what was printed to stderr. zsh's protocol has three lines each."""
    asked = {
        "_MBUILD_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(("mbuild", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "mbuild"], cwd=folder, env=os.environ | asked, capture_output=True, text=True
    )
    assert done.returncode == 0
    lines = done.stdout.strip("\n").splitlines()
    return [f"{kind}:{value}" for kind, value in zip(lines[::3], lines[1::3], strict=True)], done.stderr


@pytest.mark.parametrize("words", [("affected", ""), ("build", ""), ("context", "")])
def test_images_are_completed(shop: Repo, words: tuple[str, ...]) -> None:
    assert ask(shop.folder, *words) == (["plain:api", "plain:base", "plain:web"], "")
    assert ask(shop.folder, *words[:-1], "a") == (["plain:api"], "")


def test_images_that_stand_there_already_are_left_out(shop: Repo) -> None:
    assert ask(shop.folder, "build", "api", "") == (["plain:base", "plain:web"], "")


def test_paths_are_completed_where_no_image_is_called_so(shop: Repo) -> None:
    assert ask(shop.folder, "explain", "we") == (["plain:web"], "")
    assert ask(shop.folder, "explain", "li") == (["file:li"], "")


def test_the_folder_and_the_file_that_are_named_count(shop: Repo, tmp_path: Path) -> None:
    assert ask(tmp_path, "-C", str(shop.folder), "build", "w") == (["plain:web"], "")
    (tmp_path / "other.yaml").write_text("version: 1\nimages: {one: {dockerfile: web/Dockerfile, context: .}}\n")
    assert ask(shop.folder, "--config", str(tmp_path / "other.yaml"), "build", "") == (["plain:one"], "")


def test_images_that_are_discovered_are_completed_too(shop: Repo) -> None:
    shop.commit({"build.yaml": 'version: 1\ndiscover: ["*/Dockerfile"]\n'})
    assert ask(shop.folder, "build", "") == (["plain:api", "plain:base", "plain:web"], "")


@pytest.mark.parametrize("text", ["images: [", CONFIG + "  api: {}\n", "\udcff", None])
def test_what_is_wrong_is_not_shown(shop: Repo, text: str | None) -> None:
    if text is None:
        (shop.folder / "build.yaml").unlink()
    else:
        (shop.folder / "build.yaml").write_text(text, errors="surrogateescape")
    assert ask(shop.folder, "build", "") == ([], "")


def test_outside_of_a_repository_nothing_is_completed(tmp_path: Path) -> None:
    assert ask(tmp_path, "build", "") == ([], "")
    assert ask(tmp_path, "-C", "/nonexistent", "build", "") == ([], "")


def test_commands_and_formats_are_completed(shop: Repo) -> None:
    assert ask(shop.folder, "af")[0] == ["plain:affected"]
    assert ask(shop.folder, "all", "--format", "git")[0] == ["plain:github", "plain:gitlab"]


def test_fish_is_answered_too(shop: Repo) -> None:
    asked = {"_MBUILD_COMPLETE": "fish_complete", "COMP_WORDS": "mbuild build", "COMP_CWORD": "w"}
    argv = [sys.executable, "-m", "mbuild"]
    done = subprocess.run(argv, cwd=shop.folder, env=os.environ | asked, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["plain,web"], "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    asked = {"_MBUILD_COMPLETE": f"{shell}_source"}
    done = subprocess.run([sys.executable, "-m", "mbuild"], env=os.environ | asked, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{shell}_complete" in done.stdout


def test_bash_itself_completes(shop: Repo, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    script = tmp_path / "mbuild"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m mbuild "$@"\n')
    script.chmod(0o755)
    lines = (
        'eval "$(_MBUILD_COMPLETE=bash_source mbuild)"',
        'COMP_WORDS=(mbuild build ""); COMP_CWORD=2',
        '"$(complete -p mbuild | sed "s/.*-F \\([^ ]*\\).*/\\1/")" mbuild',
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "--norc", "-c", "\n".join(lines)], cwd=shop.folder, env=environment, capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr) == (["api", "base", "web"], "")
